// Shows the session with the official client for React.
import { createAuthClient } from "better-auth/react";
import { createRoot } from "react-dom/client";
import { expose, text } from "./page.js";

const client = createAuthClient({ baseURL: `${location.origin}/api/auth` });

function Session() {
  const { data, isPending } = client.useSession();
  return <p id="session">{isPending ? "pending" : text(data)}</p>;
}

expose(client);
createRoot(document.getElementById("root")).render(<Session />);
