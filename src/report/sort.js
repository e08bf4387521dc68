"use strict";
document.querySelectorAll("table").forEach(function (table) {
  table.querySelectorAll("thead th").forEach(function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var up = head.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      var body = table.tBodies[0];
      var rows = Array.from(body.rows).map(function (row) {
        var cell = row.cells[column];
        var number = cell.getAttribute("data-v");
        return { row: row, number: number === null ? NaN : Number(number), words: cell.textContent };
      });
      rows.sort(function (a, b) {
        var order = isNaN(a.number) || isNaN(b.number)
          ? isNaN(a.number) - isNaN(b.number) || a.words.localeCompare(b.words)
          : a.number - b.number;
        return up ? order : -order;
      });
      rows.forEach(function (entry) { body.appendChild(entry.row); });
    });
  });
});
