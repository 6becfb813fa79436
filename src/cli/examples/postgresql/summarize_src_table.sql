SELECT plant, sum(kilograms) AS kilograms, count(day) AS days
FROM harvest
GROUP BY plant
