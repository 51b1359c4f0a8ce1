using System.CommandLine;
using Dmkd.Chaos.Killing;
using Dmkd.Chaos.Poisoning;
using Dmkd.Chaos.Simulation;

var root = new RootCommand("Breaks DMKD on purpose and counts what is lost")
{
    SimulateCommand.Create(),
    KillCommand.Create(),
    SiloCommand.Create(),
    PoisonCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
