import { useEffect, useState } from "preact/hooks";
import { client, type Session } from "./client";

export interface SessionState {
  /** Whether anybody knows who is signed in: not before the first answer, never if the server is away. */
  answer: "awaited" | "failed" | "known";
  session: Session | null;
}

function next(last: SessionState["answer"]): SessionState {
  const { data, isPending, error } = client.useSession.get();
  // The client reports "pending" again whenever it asks anew for somebody who is
  // signed out. A form must not disappear because of that, so what was once
  // known stays known.
  if (last === "known") return { answer: "known", session: data };
  if (isPending) return { answer: last, session: data };
  return { answer: error && error.status !== 401 ? "failed" : "known", session: data };
}

/** The session, kept up to date by the client across tabs and when the window regains focus. */
export function useSession(): SessionState {
  const [state, setState] = useState(() => next("awaited"));
  useEffect(() => client.useSession.subscribe(() => setState((last) => next(last.answer))), []);
  return state;
}

/** Asks the server who is signed in now. */
export async function refreshSession(): Promise<Session | null> {
  await client.useSession.get().refetch();
  // Another tab or a focus event may have replaced our question with its own.
  while (client.useSession.get().isRefetching) await client.useSession.get().refetch();
  return client.useSession.get().data;
}

/** Resolves as soon as the client knows that nobody is signed in. */
export function signedOut(): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.useSession.listen(({ data }) => {
      if (data) return;
      stop();
      resolve();
    });
    if (!client.useSession.get().data) {
      stop();
      resolve();
    }
  });
}
