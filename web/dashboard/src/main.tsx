import { render } from "preact";
import { App } from "./app";
import { keepFocus } from "./lib/focus";
import { startLive } from "./lib/live";
import { loadSession } from "./lib/session";
import { startTheme } from "./lib/theme";
import "./style/tokens.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/components.css";
import "./style/table.css";
import "./style/pictures.css";

startTheme();
keepFocus();
void loadSession();
startLive();
const root = document.getElementById("app");
if (root) render(<App />, root);
