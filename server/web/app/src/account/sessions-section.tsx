import { useCallback, useEffect, useState } from "preact/hooks";
import { client, type Session } from "../client";
import { device } from "../device";
import { Message, type Outcome } from "../form";
import { Icon } from "../icons";
import { attempt, type Problem } from "../problem";
import { useReauthentication } from "../reauthentication";
import { ago, exactly } from "../time";
import { Section } from "./section";

type Entry = Session["session"];

const changed = "ostiary:sessions";

/** Tells the list that another section has signed devices out. */
export function sessionsChanged(): void {
  window.dispatchEvent(new Event(changed));
}

export function SessionsSection({ current }: { current: string }) {
  const [entries, setEntries] = useState<Entry[]>();
  const [problem, setProblem] = useState<Problem>();
  const [outcome, setOutcome] = useState<Outcome>();

  const load = useCallback(async () => {
    const result = await attempt(client.listSessions());
    setProblem(result.problem);
    if (result.data) setEntries(result.data);
  }, []);

  useEffect(() => {
    void load();
    window.addEventListener(changed, load);
    return () => window.removeEventListener(changed, load);
  }, [load, current]);

  const revoke = async (request: Promise<{ data: unknown; error: { status: number } | null }>, success: string) => {
    setOutcome(undefined);
    const { problem } = await attempt(request);
    setOutcome(problem ? { problem } : { success });
    if (!problem) await load();
  };

  return (
    <Section id="sessions-section" title="Devices" text="Where you are signed in. Sign out what you do not recognise, then change your password.">
      {problem && !entries ? (
        <Blocked problem={problem} retry={load} />
      ) : !entries ? (
        <div class="panel-waiting">
          <span class="spinner" aria-hidden="true" />
          <span class="visually-hidden">Loading</span>
        </div>
      ) : (
        <ul id="sessions" class="sessions">
          {inOrder(entries, current).map((entry) => (
            <SessionRow
              key={entry.id}
              entry={entry}
              current={entry.id === current}
              revoke={() => revoke(client.revokeSession({ token: entry.token }), "The device is signed out.")}
            />
          ))}
        </ul>
      )}
      <div class="form-end">
        <Message id="sessions-message" outcome={outcome} />
        {entries && entries.length > 1 && (
          <div class="actions">
            <button id="revoke-others" class="button" type="button" onClick={() => revoke(client.revokeOtherSessions(), "All other devices are signed out.")}>
              Sign out all other devices
            </button>
          </div>
        )}
      </div>
    </Section>
  );
}

/** This device first, then the latest sign-in. */
function inOrder(entries: Entry[], current: string): Entry[] {
  return [...entries].sort((a, b) => Number(b.id === current) - Number(a.id === current) || b.createdAt.getTime() - a.createdAt.getTime());
}

interface RowProps {
  entry: Entry;
  current: boolean;
  revoke: () => void;
}

function SessionRow({ entry, current, revoke }: RowProps) {
  const { name, mobile } = device(entry.userAgent);
  return (
    <li class="session" data-testid="session" data-session-id={entry.id} data-current={current}>
      <span class="session-icon">
        <Icon name={mobile ? "mobile" : "desktop"} />
      </span>
      <div class="session-text">
        <p class="session-name">
          <span title={entry.userAgent ?? undefined}>{name}</span>
          {current && <span class="badge good">This device</span>}
        </p>
        <p class="small">
          {entry.ipAddress ? <span class="session-address">{entry.ipAddress}</span> : "Unknown address"}
          {" · "}
          <time dateTime={entry.createdAt.toISOString()} title={exactly(entry.createdAt)}>
            signed in {ago(entry.createdAt, new Date())}
          </time>
        </p>
      </div>
      {!current && (
        <button name="revoke-session" data-session-id={entry.id} class="button" type="button" aria-label={`Sign out ${name}`} onClick={revoke}>
          Sign out
        </button>
      )}
    </li>
  );
}

/** Instead of the list: the server only shows it to somebody who signed in lately. */
function Blocked({ problem, retry }: { problem: Problem; retry: () => void }) {
  const reauthenticate = useReauthentication();
  const stale = problem.code === "SESSION_NOT_FRESH";
  return (
    <div id="sessions-blocked" class="blocked" data-code={problem.code}>
      <p>{problem.text}</p>
      {stale ? (
        <button id="sessions-sign-in-again" class="button" type="button" onClick={() => reauthenticate?.(retry)}>
          Sign in again
        </button>
      ) : (
        <button id="sessions-retry" class="button" type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
