import { useState } from "preact/hooks";
import { client } from "../client";
import { Checkbox, Field, Form, PasswordField, Submit } from "../form";
import { Icon } from "../icons";
import { CardView } from "../layout";
import { attempt } from "../problem";
import { Link, type Notice, type Route } from "../router";
import { refreshSession } from "../session";
import { settings } from "../settings";
import { CheckMail } from "./check-mail";

const notices: Record<Notice, string> = {
  "signed-out": "You are signed out.",
  deleted: "Your account was deleted.",
  created: "Your account is ready. Sign in to continue.",
  "password-set": "Your new password is set. Sign in with it.",
};

export function SignInView({ route }: { route: Route }) {
  const [unverified, setUnverified] = useState<string>();
  const [email, setEmail] = useState(route.entry.email ?? "");
  // The link that confirms a deletion ends here, without an entry in the history.
  const notice = route.entry.notice ?? (route.query.has("deleted") ? "deleted" : undefined);

  if (unverified) return <CheckMail kind="sign-in" email={unverified} back={() => setUnverified(undefined)} />;
  return (
    <CardView
      title="Sign in"
      focus={route.moved}
      footer={
        settings.features.signUp && (
          <>
            New here?{" "}
            <Link id="to-sign-up" to="/sign-up" entry={{ email }}>
              Create an account
            </Link>
          </>
        )
      }
    >
      {notice && (
        <div id="notice" class="message" role="status" data-kind="success">
          <p>
            <Icon name="success" />
            <span>{notices[notice]}</span>
          </p>
        </div>
      )}
      <Form
        id="sign-in"
        problemFields={{ email: "email" }}
        submit={async (value) => {
          const { problem } = await attempt(
            client.signIn.email({
              email: value("email").trim(),
              password: value("password"),
              rememberMe: value("rememberMe") === "true",
              fetchOptions: { disableSignal: true },
            }),
          );
          if (problem?.code === "EMAIL_NOT_VERIFIED") return setUnverified(value("email").trim());
          if (problem) return { problem };
          // The session that arrives takes the reader to the account.
          if (await refreshSession()) return;
          return { problem: { text: "You signed in, but your browser did not keep the session. Allow cookies for this site." } };
        }}
        actions={<Submit>Sign in</Submit>}
      >
        <Field name="email" label="E-mail address" type="email" value={email} autoComplete="username" required onValue={setEmail} />
        <PasswordField
          name="password"
          label="Password"
          kind="current"
          aside={
            settings.features.resetPassword && (
              <Link id="to-forgot-password" to="/forgot-password" entry={{ email }}>
                Forgot password?
              </Link>
            )
          }
        />
        <Checkbox name="rememberMe" label="Keep me signed in on this device" checked />
      </Form>
    </CardView>
  );
}
