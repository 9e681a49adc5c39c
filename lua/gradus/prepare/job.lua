-- Batch scripts for PBS and SLURM that run one command.

local arguments = require "gradus.prepare.arguments"

local job = {}

local HEADERS = {}

function HEADERS.pbs(o, add)
  add("#PBS -N prepare")
  if o.queue then add("#PBS -q " .. o.queue) end
  if o.account then add("#PBS -A " .. o.account) end
  add(("#PBS -l select=1:ncpus=%d%s"):format(o.cores, o.memory and ":mem=" .. o.memory or ""))
  add("#PBS -l walltime=" .. o.walltime)
  add("#PBS -j oe")
end

function HEADERS.slurm(o, add)
  add("#SBATCH --job-name=prepare")
  if o.queue then add("#SBATCH --partition=" .. o.queue) end
  if o.account then add("#SBATCH --account=" .. o.account) end
  add("#SBATCH --nodes=1")
  add("#SBATCH --ntasks=1")
  add("#SBATCH --cpus-per-task=" .. o.cores)
  -- SLURM knows K, M, G and T, without the B that PBS wants.
  if o.memory then add("#SBATCH --mem=" .. o.memory:gsub("[bB]$", ""):upper()) end
  add("#SBATCH --time=" .. o.walltime)
  add("#SBATCH --output=prepare-%j.log")
end

job.SUBMIT = {pbs = "qsub", slurm = "sbatch"}

--- The script: `o` is what --job's options say, `command` begins with "gradus", which becomes `program`; it runs in
--- `folder`, where relative paths start.
function job.script(o, command, program, folder)
  local lines = {"#!/bin/bash"}
  local function add(line) lines[#lines + 1] = line end
  HEADERS[o.kind](o, add)
  add("")
  add("# The same command goes on where a job was broken off by its walltime: submit it again.")
  add("cd " .. arguments.shell_word(folder) .. " || exit 1")
  add(("exec %s --threads %d %s"):format(arguments.shell_word(program), o.cores, (command:gsub("^gradus ", ""))))
  return table.concat(lines, "\n") .. "\n"
end

return job
