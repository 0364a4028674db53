import { useState } from "preact/hooks";
import { client } from "../client";
import { Field, Form, Submit } from "../form";
import { CardView } from "../layout";
import { attempt } from "../problem";
import { Link, navigate, type Route } from "../router";
import { CheckMail } from "./check-mail";

export function ForgotPasswordView({ route }: { route: Route }) {
  const [sent, setSent] = useState<string>();

  if (sent) return <CheckMail kind="reset" email={sent} back={() => navigate("/sign-in", { email: sent })} />;
  return (
    <CardView
      title="Forgot your password?"
      focus={route.moved}
      lead="Enter your e-mail address, and we send you a link to choose a new one."
      footer={
        <Link id="to-sign-in" to="/sign-in">
          Back to sign-in
        </Link>
      }
    >
      <Form
        id="forgot-password"
        problemFields={{ email: "email" }}
        submit={async (value) => {
          const email = value("email").trim();
          const { problem } = await attempt(client.requestPasswordReset({ email, redirectTo: "/reset-password" }));
          if (problem) return { problem };
          setSent(email);
        }}
        actions={<Submit>Send link</Submit>}
      >
        <Field name="email" label="E-mail address" type="email" value={route.entry.email} autoComplete="username" required />
      </Form>
    </CardView>
  );
}
