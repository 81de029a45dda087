init("/openapi.json", { disableSearch: true }, document.getElementById("operations"));
