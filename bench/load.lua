-- Posts bodies that are all different, and counts the answers: wrk -s load.lua URL -- TEMPLATES EXPECTED FIRST
-- TEMPLATES: a file, one body a line; @ID@ in it becomes a number of 12 digits. The headers are Bitbucket's.
-- EXPECTED: the status that counts as accepted.  FIRST: the number to begin with.
-- The last line of the output is JSON.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  expected, next_id = tonumber(arguments[2]), tonumber(arguments[3])
  accepted, other, first_other = 0, 0, ""
  requests = {}
  for line in io.lines(arguments[1]) do
    local body = line:gsub("%%", "%%%%"):gsub("@ID@", "%%012d")
    local size = #string.format(body, 0, 0, 0, 0, 0, 0)
    local head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
      .. "\r\nUser-Agent: Bitbucket-Webhooks/2.0\r\nX-Event-Key: repo:commit_status_updated"
      .. "\r\nX-Hook-UUID: 5ab8f7d6-97e1-4f0e-a3c4-2f0b7c9d1e52\r\nX-Request-UUID: @ID@"
      .. "\r\nContent-Type: application/json\r\nContent-Length: " .. size .. "\r\n\r\n"
    table.insert(requests, head:gsub("%%", "%%%%"):gsub("@ID@", "%%012d") .. body)
  end
end

function request()
  next_id = next_id + 1
  local id = next_id
  return string.format(requests[id % #requests + 1], id, id, id, id, id, id)
end

function response(status, _, body)
  if status == expected then
    accepted = accepted + 1
  else
    other = other + 1
    if first_other == "" then first_other = status .. " " .. body:sub(1, 200) end
  end
end

function done(summary, latency, _)
  local accepted, other, first_other = 0, 0, ""
  for _, thread in ipairs(threads) do
    accepted, other = accepted + thread:get("accepted"), other + thread:get("other")
    first_other = first_other == "" and thread:get("first_other") or first_other
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"accepted": %d, "other": %d, "first_other": "%s", "seconds": %f, "p50": %f, "p99": %f, "p999": %f,'
      .. ' "longest": %f, "socket_errors": %d, "timeouts": %d}\n',
    accepted, other, first_other:gsub('[%c"\\]', " "), summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write, errors.timeout))
end
