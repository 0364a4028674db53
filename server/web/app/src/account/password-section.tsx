import { useState } from "preact/hooks";
import { client, type Session } from "../client";
import { Checkbox, Form, PasswordField, Submit } from "../form";
import { attempt } from "../problem";
import { Section } from "./section";
import { sessionsChanged } from "./sessions-section";

export function PasswordSection({ user }: { user: Session["user"] }) {
  const [round, setRound] = useState(0);
  return (
    <Section id="password-section" title="Password" text="Use one that you use nowhere else.">
      <Form
        id="change-password"
        problemFields={{ password: "newPassword", currentPassword: "currentPassword" }}
        submit={async (value) => {
          const { problem } = await attempt(
            client.changePassword({
              currentPassword: value("currentPassword"),
              newPassword: value("newPassword"),
              revokeOtherSessions: value("revokeOtherSessions") === "true",
            }),
          );
          if (problem) return { problem };
          setRound(round + 1);
          sessionsChanged();
          return { success: "Your password is changed." };
        }}
        actions={<Submit>Change password</Submit>}
      >
        <input class="visually-hidden" type="email" name="username" autoComplete="username" value={user.email} readOnly tabIndex={-1} aria-hidden="true" />
        {/* A new key empties the fields after a change. */}
        <PasswordField key={`current-${round}`} name="currentPassword" label="Current password" kind="current" />
        <PasswordField key={`new-${round}`} name="newPassword" label="New password" kind="new" personal={() => [user.name, user.email]} />
        <Checkbox name="revokeOtherSessions" label="Sign out all other devices" checked />
      </Form>
    </Section>
  );
}
