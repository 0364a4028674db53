import { useState } from "preact/hooks";
import { client, type Session } from "../client";
import { Field, Form, Message, Submit, type Outcome } from "../form";
import { Icon } from "../icons";
import { DevMailHint } from "../layout";
import { attempt } from "../problem";
import { settings } from "../settings";
import { Section } from "./section";

export function EmailSection({ user }: { user: Session["user"] }) {
  const { changeEmail } = settings.features;
  return (
    <Section id="email-section" title="E-mail address" text="You sign in with it, and messages about your account go there.">
      <CurrentAddress user={user} />
      {changeEmail && <ChangeEmail />}
    </Section>
  );
}

function CurrentAddress({ user }: { user: Session["user"] }) {
  const [outcome, setOutcome] = useState<Outcome>();
  const [pending, setPending] = useState(false);

  const send = async () => {
    if (pending) return;
    setPending(true);
    const { problem } = await attempt(client.sendVerificationEmail({ email: user.email, callbackURL: "/verified" }));
    setPending(false);
    setOutcome(problem ? { problem } : { success: `We sent a link to ${user.email}. Open it to verify the address.` });
  };

  return (
    <div class="address">
      <div class="address-line">
        <span id="email-current" class="address-text">
          {user.email}
        </span>
        {user.emailVerified ? (
          <span id="email-badge" class="badge good" data-verified="true">
            Verified
          </span>
        ) : (
          <span id="email-badge" class="badge warn" data-verified="false">
            Not verified
          </span>
        )}
        {!user.emailVerified && settings.features.verificationMail && (
          <button id="send-verification" class="button" type="button" aria-disabled={pending || undefined} onClick={send}>
            {pending ? <span class="spinner" aria-hidden="true" /> : <Icon name="mail" />}
            Send verification mail
          </button>
        )}
      </div>
      <Message id="send-verification-message" outcome={outcome} />
      {outcome && "success" in outcome && <DevMailHint />}
    </div>
  );
}

function ChangeEmail() {
  const [requested, setRequested] = useState(false);
  return (
    <>
      <Form
        id="change-email"
        problemFields={{ email: "newEmail" }}
        submit={async (value, form) => {
          const { problem } = await attempt(client.changeEmail({ newEmail: value("newEmail").trim(), callbackURL: "/verified?change=1" }));
          if (problem) return { problem };
          form.reset();
          setRequested(true);
          return { success: "Almost done: confirm the change with the link in the mail that we send you." };
        }}
        actions={<Submit>Change address</Submit>}
      >
        <Field name="newEmail" label="New e-mail address" type="email" autoComplete="email" required />
      </Form>
      {requested && <DevMailHint />}
    </>
  );
}
