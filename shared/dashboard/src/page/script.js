(function () {
  "use strict";
  var news = document.getElementById("news"), at = document.documentElement.dataset.version;
  function show(version) {
    return fetch(location.href, { cache: "no-store" }).then(function (answer) {
      if (!answer.ok) { throw new Error(); }
      return answer.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html");
      document.getElementById("main").replaceWith(document.adoptNode(fresh.getElementById("main")));
      document.title = fresh.title;
      at = version;
      news.textContent = "Updated: new runs are shown.";
    });
  }
  setInterval(function () {
    if (document.hidden) { return; }
    fetch("/version", { cache: "no-store" }).then(function (answer) { return answer.text(); }).then(function (text) {
      var version = text.trim();
      if (version === at) { return; }
      // Whoever is on a link or fills the form in is not taken from it.
      if (document.getElementById("main").contains(document.activeElement)) {
        if (!news.querySelector("a")) {
          var link = document.createElement("a");
          link.href = location.href;
          link.textContent = "New runs have come: show them";
          news.replaceChildren(link);
        }
        return;
      }
      return show(version);
    }).catch(function () {
      news.textContent = "The dashboard does not answer; what is shown may be old.";
    });
  }, 3000);
}());
