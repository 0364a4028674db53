import type { Session } from "../client";
import { CardView } from "../layout";
import { Link } from "../router";

/** Where the API sends the browser when a link fails that has no page of its own. */
export function ProblemView({ code, session }: { code: string; session: Session | null }) {
  return (
    <CardView title="That did not work" lead="The link you followed cannot be used. It may have expired, or it has been used already.">
      {/^[\w'-]{1,64}$/.test(code) && (
        <p class="small">
          Reason: <code>{code}</code>
        </p>
      )}
      <Link id="problem-continue" class="button primary wide" to={session ? "/account" : "/sign-in"}>
        {session ? "Go to your account" : "Go to sign-in"}
      </Link>
    </CardView>
  );
}
