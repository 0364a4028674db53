import { useState } from "preact/hooks";
import { client } from "../client";
import { Message, type Outcome } from "../form";
import { Icon } from "../icons";
import { CardView, DevMailHint } from "../layout";
import { attempt } from "../problem";
import { settings } from "../settings";

interface Props {
  /** What led here; it decides which mail can be sent again. */
  kind: "sign-up" | "sign-in" | "reset";
  email: string;
  back: () => void;
}

function send(kind: Props["kind"], email: string) {
  if (kind === "reset") return attempt(client.requestPasswordReset({ email, redirectTo: "/reset-password" }));
  return attempt(client.sendVerificationEmail({ email, callbackURL: "/verified" }));
}

export function CheckMail({ kind, email, back }: Props) {
  const [outcome, setOutcome] = useState<Outcome>();
  const [pending, setPending] = useState(false);
  const canSend = kind === "reset" || settings.features.verificationMail;

  const again = async () => {
    if (pending) return;
    setPending(true);
    setOutcome(undefined);
    const { problem } = await send(kind, email);
    setPending(false);
    setOutcome(problem ? { problem } : { success: "A new link is on its way." });
  };

  return (
    <CardView
      title="Check your mail"
      focus
      footer={
        <button id="check-mail-back" class="link" type="button" onClick={back}>
          Back to sign-in
        </button>
      }
    >
      <div class="emblem">
        <Icon name="mail" />
      </div>
      <p class="lead" id="check-mail-text">
        <Words kind={kind} email={email} />
      </p>
      <DevMailHint />
      <p class="small">Nothing there after a few minutes? Look in the spam folder{canSend ? ", or send the link again" : ""}.</p>
      <Message id="check-mail-message" outcome={outcome} />
      {canSend && (
        <button id="check-mail-resend" class="button wide" type="button" aria-disabled={pending || undefined} onClick={again}>
          {pending && <span class="spinner" aria-hidden="true" />}
          Send the link again
        </button>
      )}
    </CardView>
  );
}

/** The words for a reset and for a sign-up never say whether an account exists. */
function Words({ kind, email }: { kind: Props["kind"]; email: string }) {
  const address = <strong>{email}</strong>;
  switch (kind) {
    case "sign-up":
      return <>We sent a link to {address}. Open it to verify your address, then you can sign in.</>;
    case "sign-in":
      return <>Before you can sign in, your address has to be verified. Open the link in the mail to {address}.</>;
    case "reset":
      return <>If there is an account for {address}, a link to choose a new password is on its way.</>;
  }
}
