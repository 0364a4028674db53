import { useState } from "preact/hooks";
import { client, type Session } from "../client";
import { Brand, Heading } from "../layout";
import { attempt } from "../problem";
import { Reauthentication } from "../reauthentication";
import { navigate } from "../router";
import { signedOut } from "../session";
import { settings } from "../settings";
import { DeleteSection } from "./delete-section";
import { EmailSection } from "./email-section";
import { PasswordSection } from "./password-section";
import { ProfileSection } from "./profile-section";
import { SessionsSection } from "./sessions-section";

export function AccountView({ session, focus }: { session: Session; focus: boolean }) {
  const { features } = settings;
  return (
    <Reauthentication session={session}>
      <header class="bar">
        <div class="bar-inner">
          <Brand />
          <SignOutButton />
        </div>
      </header>
      <main class="account">
        <div class="account-head">
          <Heading title="Your account" focus={focus} />
          <p class="lead">
            Signed in as <strong id="account-email">{session.user.email}</strong>
          </p>
        </div>
        <ProfileSection user={session.user} />
        <EmailSection user={session.user} />
        <PasswordSection user={session.user} />
        <SessionsSection current={session.session.id} />
        {features.deleteUser && <DeleteSection user={session.user} />}
      </main>
    </Reauthentication>
  );
}

function SignOutButton() {
  const [problem, setProblem] = useState<string>();
  const signOut = async () => {
    const { problem } = await attempt(client.signOut());
    if (problem) return setProblem(problem.text);
    await signedOut();
    navigate("/sign-in", { notice: "signed-out" }, { replace: true });
  };
  return (
    <div class="sign-out">
      <span id="sign-out-message" class="field-problem" role="status">
        {problem}
      </span>
      <button id="sign-out" class="button" type="button" onClick={signOut}>
        Sign out
      </button>
    </div>
  );
}
