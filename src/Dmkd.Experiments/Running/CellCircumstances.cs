namespace Dmkd.Experiments.Running;

/// <summary>Where, when and by what a cell was measured.</summary>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Versions">What computed.</param>
/// <param name="Machine">Where.</param>
/// <param name="Watts">Power that is assumed while the device computes.</param>
public sealed record CellCircumstances(DateTimeOffset StartedAt, DateTimeOffset EndedAt, Versions Versions, MachineInfo Machine, double Watts);
