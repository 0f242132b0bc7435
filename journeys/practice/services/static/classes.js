// Builds the list of today's classes from the page's data; without this script the page is empty.

function make(tag, properties, ...children) {
  const { label, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  if (label) made.setAttribute("aria-label", label);
  made.append(...children);
  return made;
}

function entry(lesson) {
  return make("li", { className: lesson.when },
    make("span", { className: "time" }, lesson.time), " ",
    make("a", { href: lesson.href }, lesson.title), " ",
    make("span", { className: "quiet" }, lesson.teacher), " ",
    ...(lesson.when === "now" ? [make("strong", {}, "now")] : []));
}

const day = JSON.parse(document.getElementById("data").textContent);
const list = day.lessons.length
  ? make("ul", { className: "list", label: "Today's classes" }, ...day.lessons.map(entry))
  : make("p", { className: "empty" }, "No classes today");

document.getElementById("day").replaceWith(
  make("header", {}, make("p", {}, "Learning platform"), make("p", {}, "practice")),
  make("main", {},
    make("h1", {}, "Today's classes"),
    make("h2", { className: "day" }, day.date),
    make("p", { className: "lead" }, day.person),
    list));
