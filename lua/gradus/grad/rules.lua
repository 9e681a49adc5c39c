-- How each operation is written, and its partial derivatives, for traces. %1 and %2 stand for the inputs, %0 for the
-- result. These are texts for people: what is computed comes from the table of operations in src/grad.

return {
  add = {"%1 + %2", "1", "1"},
  sub = {"%1 - %2", "1", "-1"},
  mul = {"%1 * %2", "%2", "%1"},
  div = {"%1 / %2", "1 / %2", "-%0 / %2"},
  pow = {"%1 ^ %2", "%2 * %1^(%2 - 1)", "%0 * log(%1)"},
  neg = {"-%1", "-1"},
  abs = {"abs(%1)", "sign(%1)"},
  square = {"square(%1)", "2 * %1"},
  sqrt = {"sqrt(%1)", "1 / (2 * %0)"},
  reciprocal = {"1 / %1", "-%0^2"},
  exp = {"exp(%1)", "%0"},
  expm1 = {"expm1(%1)", "%0 + 1"},
  log = {"log(%1)", "1 / %1"},
  log1p = {"log1p(%1)", "1 / (1 + %1)"},
  sin = {"sin(%1)", "cos(%1)"},
  cos = {"cos(%1)", "-sin(%1)"},
  tanh = {"tanh(%1)", "1 - %0^2"},
  sigmoid = {"sigmoid(%1)", "%0 * (1 - %0)"},
  softplus = {"softplus(%1)", "sigmoid(%1)"},
  relu = {"relu(%1)", "%1 > 0"},
  maximum = {"maximum(%1, %2)", "%1 >= %2", "%1 < %2"},
  minimum = {"minimum(%1, %2)", "%1 <= %2", "%1 > %2"},
  matmul = {"%1:dot(%2)", "%2.T", "%1.T"},
}
