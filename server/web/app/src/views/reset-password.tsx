import { useEffect, useState } from "preact/hooks";
import { client } from "../client";
import { Form, PasswordField, Submit } from "../form";
import { CardView } from "../layout";
import { attempt } from "../problem";
import { Link, concealToken, navigate, type Route } from "../router";

export function ResetPasswordView({ route }: { route: Route }) {
  const [token] = useState(() => route.query.get("token") ?? route.entry.token);
  const [refused, setRefused] = useState(route.query.has("error"));

  useEffect(() => {
    if (token) concealToken(token);
  }, [token]);

  if (refused || !token) return <InvalidLink moved={route.moved || refused} />;
  return (
    <CardView
      title="Choose a new password"
      focus={route.moved}
      footer={
        <Link id="to-sign-in" to="/sign-in">
          Back to sign-in
        </Link>
      }
    >
      <Form
        id="reset-password"
        problemFields={{ password: "password" }}
        submit={async (value) => {
          const { problem } = await attempt(client.resetPassword({ newPassword: value("password"), token }));
          if (problem?.code === "INVALID_TOKEN") return setRefused(true);
          if (problem) return { problem };
          navigate("/sign-in", { notice: "password-set" }, { replace: true });
        }}
        actions={<Submit>Set password</Submit>}
      >
        <PasswordField name="password" label="New password" kind="new" />
      </Form>
    </CardView>
  );
}

function InvalidLink({ moved }: { moved: boolean }) {
  return (
    <CardView
      title="This link does not work"
      focus={moved}
      lead="It has been used already, or it is too old. Ask for a new one: it is quick."
      footer={
        <Link id="to-sign-in" to="/sign-in">
          Back to sign-in
        </Link>
      }
    >
      <Link id="to-forgot-password" class="button primary wide" to="/forgot-password">
        Send a new link
      </Link>
    </CardView>
  );
}
