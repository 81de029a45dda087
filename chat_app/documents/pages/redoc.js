import { init } from "./redoc.standalone.js";

init("/openapi.json", { disableSearch: true }, document.getElementById("operations"));
