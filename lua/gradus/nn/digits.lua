-- digits(x): a loss or a metric in six columns: four digits behind the point, and what they would show as 0.0000 as a
-- power of ten.

return function(x)
  if x ~= x then return "nan" end  -- C writes a sign before some
  if x ~= 0 and math.abs(x) < 0.00005 then return ("%.0e"):format(x) end
  return ("%.4f"):format(x)
end
