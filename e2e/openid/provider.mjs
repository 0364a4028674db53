// A provider of OpenID Connect on a free port of this machine, made with the
// package oidc-provider. It prints its issuer when it is ready. Whoever signs in
// with the login "ann" has the address ann@example.com, which is verified unless
// the login begins with "unverified".
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "ostiary",
        client_secret: "a-secret-of-the-tests",
        redirect_uris: [process.env.REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["a-key-of-the-tests"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: id[0].toUpperCase() + id.slice(1),
        email: `${id}@example.com`,
        email_verified: !id.startsWith("unverified"),
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});

// The test closes the pipe when it ends, in whatever way.
process.stdin.on("end", () => process.exit(0)).resume();
