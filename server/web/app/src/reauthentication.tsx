import { createContext, type ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";
import { client, type Session } from "./client";
import { Dialog } from "./dialog";
import { Form, PasswordField, Submit } from "./form";
import { attempt } from "./problem";
import { refreshSession } from "./session";

/** Opens the question for the password; runs `then` once it has been answered. */
type Reauthenticate = (then?: () => void) => void;

const ReauthenticationContext = createContext<Reauthenticate | undefined>(undefined);

/** Undefined where nobody is signed in. */
export function useReauthentication(): Reauthenticate | undefined {
  return useContext(ReauthenticationContext);
}

interface Props {
  session: Session;
  children: ComponentChildren;
}

/**
 * Some requests are only answered within a day of signing in. Then the reader
 * signs in again here, in place, without losing what was typed elsewhere.
 */
export function Reauthentication({ session, children }: Props) {
  const [open, setOpen] = useState(false);
  const [after, setAfter] = useState<() => void>();

  const reauthenticate: Reauthenticate = (then) => {
    setAfter(() => then);
    setOpen(true);
  };

  return (
    <ReauthenticationContext.Provider value={reauthenticate}>
      {children}
      <Dialog id="sign-in-again-dialog" title="Sign in again" open={open} close={() => setOpen(false)}>
        <p class="lead">To continue, enter the password of {session.user.email}.</p>
        <Form
          id="sign-in-again"
          submit={async (value) => {
            const previous = session.session.token;
            const { problem } = await attempt(client.signIn.email({ email: session.user.email, password: value("password"), fetchOptions: { disableSignal: true } }));
            if (problem) return { problem };
            // The new session replaces the old one, which would otherwise stay in the list as another device.
            await attempt(client.revokeSession({ token: previous, fetchOptions: { disableSignal: true } }));
            await refreshSession();
            setOpen(false);
            after?.();
          }}
          actions={
            <>
              <button id="sign-in-again-cancel" class="button" type="button" onClick={() => setOpen(false)}>
                Cancel
              </button>
              <Submit>Sign in</Submit>
            </>
          }
        >
          <input class="visually-hidden" type="email" name="username" autoComplete="username" value={session.user.email} readOnly tabIndex={-1} aria-hidden="true" />
          <PasswordField name="password" label="Password" kind="current" />
        </Form>
      </Dialog>
    </ReauthenticationContext.Provider>
  );
}
