import { render } from "preact";
import { App } from "./app";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/forms.css";
import "./styles/card-view.css";
import "./styles/account.css";

render(<App />, document.getElementById("app")!);
