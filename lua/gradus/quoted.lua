-- A text as one word of a shell's command line: nothing in single quotes has a meaning, and a single quote is '\''.
return function(text)
  return "'" .. text:gsub("'", [['\'']]) .. "'"
end
