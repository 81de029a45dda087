import { render } from "preact";
import { App } from "./app/App";
import { start } from "./app/start";
import { applyRememberedTheme } from "./state/theme";
import { language } from "./strings";
import "./styles";

applyRememberedTheme();
document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
const root = document.getElementById("app");
if (root) render(<App />, root);
void start();
