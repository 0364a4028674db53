import { AccountView } from "./account/account-view";
import type { Session } from "./client";
import { CardView, Waiting } from "./layout";
import { Redirect, useRoute, type Route } from "./router";
import { useSession } from "./session";
import { settings } from "./settings";
import { ForgotPasswordView } from "./views/forgot-password";
import { ProblemView } from "./views/problem";
import { ResetPasswordView } from "./views/reset-password";
import { SignInView } from "./views/sign-in";
import { SignUpView } from "./views/sign-up";
import { VerifiedView } from "./views/verified";

export function App() {
  const route = useRoute();
  const state = useSession();
  if (state.answer === "awaited") return <Waiting />;
  if (state.answer === "failed") return <Unreachable />;
  // The key gives every view a fresh start, also when only the query differs.
  return <View key={route.path + route.query} route={route} session={state.session} />;
}

function View({ route, session }: { route: Route; session: Session | null }) {
  const { features } = settings;
  switch (route.path) {
    case "/verified":
      return <VerifiedView route={route} session={session} />;
    case "/reset-password":
      return features.resetPassword ? <ResetPasswordView route={route} /> : <Redirect to="/sign-in" />;
    case "/account":
      return session ? <AccountView session={session} focus={route.moved} /> : <Redirect to="/sign-in" />;
    case "/": {
      // Links of the API that have no page of their own end here when they fail.
      const error = route.query.get("error");
      if (error) return <ProblemView code={error} session={session} />;
      return <Redirect to={session ? "/account" : "/sign-in"} />;
    }
  }
  if (session) return <Redirect to="/account" />;
  switch (route.path) {
    case "/sign-up":
      return features.signUp ? <SignUpView route={route} /> : <Redirect to="/sign-in" />;
    case "/forgot-password":
      return features.resetPassword ? <ForgotPasswordView route={route} /> : <Redirect to="/sign-in" />;
    default:
      return <SignInView route={route} />;
  }
}

function Unreachable() {
  return (
    <CardView title="No connection" lead="The server cannot be reached. Check your connection, then try again.">
      <button id="try-again" class="button primary wide" type="button" onClick={() => window.location.reload()}>
        Try again
      </button>
    </CardView>
  );
}
