-- How often the pages were seen.
SELECT count(1) AS visits
FROM www_access
