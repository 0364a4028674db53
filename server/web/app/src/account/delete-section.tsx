import { useState } from "preact/hooks";
import { client, type Session } from "../client";
import { Dialog } from "../dialog";
import { Field, Form, PasswordField, Submit } from "../form";
import { DevMailHint } from "../layout";
import { attempt } from "../problem";
import { navigate } from "../router";
import { signedOut } from "../session";
import { Section } from "./section";

export function DeleteSection({ user }: { user: Session["user"] }) {
  const [open, setOpen] = useState(false);
  const [mailed, setMailed] = useState(false);
  return (
    <Section id="delete-section" title="Delete account" text="Removes your account and everything that belongs to it, for good." danger>
      <div class="delete-row">
        <p>There is no way to get a deleted account back.</p>
        <button id="delete-account-open" class="button danger" type="button" onClick={() => setOpen(true)}>
          Delete account
        </button>
      </div>
      <div id="delete-account-mailed" class="message" role="status" data-kind={mailed ? "success" : undefined}>
        {mailed && <p>We sent a link to {user.email}. Your account is deleted when you open it.</p>}
      </div>
      {mailed && <DevMailHint />}
      <Dialog id="delete-account-dialog" title="Delete your account?" open={open} close={() => setOpen(false)}>
        <p class="lead">
          The account of <strong>{user.email}</strong> is removed, and every device is signed out. This cannot be undone.
        </p>
        <DeleteForm
          user={user}
          cancel={() => setOpen(false)}
          mailed={() => {
            setOpen(false);
            setMailed(true);
          }}
        />
      </Dialog>
    </Section>
  );
}

interface DeleteFormProps {
  user: Session["user"];
  cancel: () => void;
  mailed: () => void;
}

function DeleteForm({ user, cancel, mailed }: DeleteFormProps) {
  return (
    <Form
      id="delete-account"
      problemFields={{ currentPassword: "password" }}
      submit={async (value) => {
        const { data, problem } = await attempt(client.deleteUser({ password: value("password"), callbackURL: "/sign-in?deleted=1" }));
        if (problem) return { problem };
        // The server either deletes at once or wants a mailed link to be opened first.
        if (data.message === "Verification email sent") return mailed();
        await signedOut();
        navigate("/sign-in", { notice: "deleted" }, { replace: true });
      }}
      actions={
        <>
          <button id="delete-account-cancel" class="button" type="button" onClick={cancel}>
            Cancel
          </button>
          <Submit kind="danger">Delete for good</Submit>
        </>
      }
    >
      <input class="visually-hidden" type="email" name="username" autoComplete="username" value={user.email} readOnly tabIndex={-1} aria-hidden="true" />
      <PasswordField name="password" label="Password" kind="current" />
      <Field
        name="confirmation"
        label="Type “delete” to confirm"
        autoComplete="off"
        required
        missing="Type the word delete."
        pattern="\s*[Dd][Ee][Ll][Ee][Tt][Ee]\s*"
        mismatch="Type the word delete."
      />
    </Form>
  );
}
