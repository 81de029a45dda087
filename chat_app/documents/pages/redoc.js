import { init } from "./redoc.standalone.js";

const description = window.location.pathname.endsWith("/events") ? "/asyncapi.json" : "/openapi.json";
const options = {
  disableTelemetry: true, // its maker would be told of what is read here
  hideSchemaTitles: true,
};
// It would make its search's worker of a blob, which our policy forbids. It searches without one as well.
window.Worker = undefined;
init(description, options, document.getElementById("operations"));
