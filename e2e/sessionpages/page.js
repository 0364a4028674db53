// What both pages share: how they show a session, and what the tests do in them.

/** Returns a session as one line of text. */
export function text(data) {
  if (!data) return "nobody";
  const { user, session } = data;
  return [user.name, user.email, user.role, session.theme, session.tenant].join(" ");
}

/** Gives the tests, as window.page, the client and the fetch that docs/session-update.md shows. */
export function expose(client) {
  let seen;
  async function appFetch(input, init) {
    const answer = await fetch(input, init);
    const revision = answer.headers.get("X-Session-Updated");
    if (revision && revision !== seen) {
      seen = revision;
      client.$store.notify("$sessionSignal"); // useSession() reads the session again
    }
    return answer;
  }
  window.page = { client, appFetch };
}
