import { init } from "./redoc.standalone.js";

init("/openapi.json", { disableTelemetry: true, hideSchemaTitles: true }, document.getElementById("operations"));
