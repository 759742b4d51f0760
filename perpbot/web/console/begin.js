// Before anything is painted: dark or light, as asked for in the address, as chosen before, or as the system has it.

(() => {
  const asked = new URLSearchParams(location.search).get("theme") ?? localStorage.getItem("perpbot.theme");
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = asked ?? system;
})();
