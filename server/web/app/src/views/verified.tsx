import type { Session } from "../client";
import { client } from "../client";
import { Field, Form, Submit } from "../form";
import { Icon } from "../icons";
import { CardView, DevMailHint } from "../layout";
import { attempt, explain } from "../problem";
import { Link, type Route } from "../router";
import { settings } from "../settings";

interface Props {
  route: Route;
  session: Session | null;
}

/** Where the links in verification mails end, whether they worked or not. */
export function VerifiedView({ route, session }: Props) {
  const error = route.query.get("error");
  if (error) return <Failed code={error} session={session} changing={route.query.has("change")} />;
  if (route.query.has("change")) return <Changing session={session} />;
  return (
    <CardView title="Address verified" focus={route.moved} lead="Thank you. Your e-mail address is confirmed.">
      <Continue session={session} />
    </CardView>
  );
}

/**
 * Changing an address can take two links: one to the old address, then one to
 * the new. Both end here, and only the account itself says which one it was.
 */
function Changing({ session }: { session: Session | null }) {
  return (
    <CardView
      title="Confirmed"
      lead={
        session ? (
          <>
            Thank you. Your account now uses <strong id="verified-email">{session.user.email}</strong>.
          </>
        ) : (
          "Thank you. Your confirmation was received."
        )
      }
    >
      <p class="small">
        If this is still your old address, a second message is on its way to the new one. The change takes effect when you open the link in it.
      </p>
      <DevMailHint />
      <Continue session={session} />
    </CardView>
  );
}

function Continue({ session }: { session: Session | null }) {
  return (
    <Link id="verified-continue" class="button primary wide" to={session ? "/account" : "/sign-in"}>
      {session ? "Go to your account" : "Sign in"}
    </Link>
  );
}

function Failed({ code, session, changing }: { code: string; session: Session | null; changing: boolean }) {
  return (
    <CardView
      title="This link does not work"
      lead={reason(code)}
      footer={
        <Link id="verified-continue" to={session ? "/account" : "/sign-in"}>
          {session ? "Go to your account" : "Back to sign-in"}
        </Link>
      }
    >
      {changing ? <p class="small">Start the change of your address again from your account.</p> : <Resend email={session?.user.email} />}
    </CardView>
  );
}

function reason(code: string): string {
  if (code === "USER_NOT_FOUND") return "The account that it belongs to does not exist any more.";
  if (code === "INVALID_USER") return "It belongs to another account than the one you are signed in to.";
  // The code comes from the address bar: only codes that we know are put into words.
  const { text } = explain({ status: 400, code, message: "" });
  return code === "TOKEN_EXPIRED" || code === "INVALID_TOKEN" ? text : "Something went wrong on the way. Ask for a new link.";
}

function Resend({ email }: { email: string | undefined }) {
  if (!settings.features.verificationMail) return null;
  return (
    <>
      <Form
        id="resend"
        problemFields={{ email: "email" }}
        submit={async (value) => {
          const { problem } = await attempt(client.sendVerificationEmail({ email: value("email").trim(), callbackURL: "/verified" }));
          return problem ? { problem } : { success: "If this address still has to be verified, a new link is on its way." };
        }}
        actions={
          <Submit>
            <Icon name="mail" />
            Send a new link
          </Submit>
        }
      >
        <Field name="email" label="E-mail address" type="email" value={email} autoComplete="username" required />
      </Form>
      <DevMailHint />
    </>
  );
}
