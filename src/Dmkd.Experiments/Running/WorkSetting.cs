namespace Dmkd.Experiments.Running;

/// <summary>What is the same for all cells of a process.</summary>
/// <param name="Folder">The folder of results.</param>
/// <param name="Versions">What computes.</param>
/// <param name="Machine">Where.</param>
/// <param name="Watts">Power that is assumed while the device computes.</param>
public sealed record WorkSetting(string Folder, Versions Versions, MachineInfo Machine, double Watts);
