// The official client, as the page of the tests uses it.
import { createAuthClient } from "better-auth/client";

const auth = createAuthClient();
const flow = { provider: "openid", callbackURL: "/?done=in", errorCallbackURL: "/?failed", newUserCallbackURL: "/?done=up" };

const actions = {
  "sign-in": () => auth.signIn.social(flow),
  "sign-in-silently": () => auth.signIn.social({ ...flow, additionalParams: { prompt: "none" } }),
  link: () => auth.linkSocial({ provider: "openid", callbackURL: "/?done=linked", errorCallbackURL: "/?failed" }),
  "sign-up-locally": () => auth.signUp.email({ name: "Local", email: "ann@example.com", password: "correct horse battery" }),
  "sign-out": () => auth.signOut(),
  unlink: async () => {
    const { data: accounts } = await auth.listAccounts();
    const { id } = accounts.find((account) => account.providerId === "openid");
    return auth.unlinkAccount({ providerId: "openid", accountId: id });
  },
};

// show writes what the server knows into the page.
async function show() {
  const { data: session } = await auth.getSession();
  const { data: accounts } = session ? await auth.listAccounts() : { data: [] };
  document.querySelector("#user").textContent = session ? session.user.email : "nobody";
  document.querySelector("#name").textContent = session ? session.user.name : "";
  document.querySelector("#accounts").textContent = accounts.map((account) => account.providerId).sort().join(" ");
  document.querySelector("#address").textContent = location.search;
  document.body.dataset.ready = "yes";
}

for (const [name, act] of Object.entries(actions)) {
  document.querySelector(`#${name}`).addEventListener("click", async () => {
    delete document.body.dataset.ready;
    const { data, error } = await act();
    document.querySelector("#problem").textContent = error ? error.code : "";
    if (!data?.redirect) await show();
  });
}
await show();
