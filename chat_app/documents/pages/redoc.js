import { init } from "./redoc.standalone.js";

const description = window.location.pathname.endsWith("/events") ? "/asyncapi.json" : "/openapi.json";
const options = {
  disableTelemetry: true, // its maker would be told of what is read here
  hideSchemaTitles: true,
};
init(description, options, document.getElementById("operations"));
