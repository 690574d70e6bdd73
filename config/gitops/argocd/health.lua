-- The health of a SidecarInjector, for Argo CD. It reads conditions as kstatus does, and knows Paused.
local hs = { status = "Progressing", message = "Waiting for the operator" }

if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Being deleted"
  return hs
end

local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

if obj.spec ~= nil and obj.spec.mode == "Paused" then
  hs.status = "Suspended"
  hs.message = "Paused: pods get no sidecar, nothing is changed"
  return hs
end

local ready = conditions.Ready
if ready == nil then
  return hs
end
local observed = obj.status.observedGeneration
if observed ~= nil and observed ~= obj.metadata.generation then
  hs.message = "The operator has not seen the last change yet"
  return hs
end

if conditions.Stalled ~= nil and conditions.Stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = conditions.Stalled.message
  return hs
end
if conditions.Reconciling ~= nil and conditions.Reconciling.status == "True" then
  hs.message = conditions.Reconciling.message
  -- What once worked and does no more is worse than what has not come about yet.
  if ready.status == "False" and conditions.InjectionVerified ~= nil and conditions.InjectionVerified.status == "False" then
    hs.status = "Degraded"
  end
  return hs
end
if ready.status == "True" then
  hs.status = "Healthy"
elseif ready.status == "False" then
  hs.status = "Degraded"
end
hs.message = ready.message
return hs
