import { useRef, useState } from "preact/hooks";
import { client } from "../client";
import { Field, Form, PasswordField, Submit } from "../form";
import { CardView } from "../layout";
import { attempt } from "../problem";
import { Link, navigate, type Route } from "../router";
import { refreshSession } from "../session";
import { settings } from "../settings";
import { CheckMail } from "./check-mail";

export function SignUpView({ route }: { route: Route }) {
  const [pending, setPending] = useState<string>();
  const typed = useRef({ name: "", email: route.entry.email ?? "" });

  if (pending) return <CheckMail kind="sign-up" email={pending} back={() => navigate("/sign-in", { email: pending })} />;
  return (
    <CardView
      title="Create your account"
      focus={route.moved}
      footer={
        <>
          Have an account already?{" "}
          <Link id="to-sign-in" to="/sign-in">
            Sign in
          </Link>
        </>
      }
    >
      <Form
        id="sign-up"
        problemFields={{ name: "name", email: "email", password: "password" }}
        submit={async (value) => {
          const email = value("email").trim();
          const { data, problem } = await attempt(
            client.signUp.email({
              name: value("name").trim(),
              email,
              password: value("password"),
              callbackURL: "/verified",
              fetchOptions: { disableSignal: true },
            }),
          );
          if (problem) return { problem };
          if (data.token) {
            await refreshSession();
            return;
          }
          // No session: the address has to be verified first, or the server wants a separate sign-in.
          if (settings.features.verificationMail) setPending(email);
          else navigate("/sign-in", { email, notice: "created" });
        }}
        actions={<Submit>Create account</Submit>}
      >
        <Field name="name" label="Name" autoComplete="name" required onValue={(name) => (typed.current.name = name)} />
        <Field name="email" label="E-mail address" type="email" value={typed.current.email} autoComplete="email" required onValue={(email) => (typed.current.email = email)} />
        <PasswordField name="password" label="Password" kind="new" personal={() => [typed.current.name, typed.current.email]} />
      </Form>
    </CardView>
  );
}
