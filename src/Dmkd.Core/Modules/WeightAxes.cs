namespace Dmkd.Core.Modules;

/// <summary>Which units the axes of one weight tensor stand for.</summary>
/// <param name="Name">Name of the tensor in the network's state.</param>
/// <param name="Rows">Space of axis 0: the units the tensor writes to.</param>
/// <param name="Columns">Space of axis 1: the units it reads from; null for vectors (biases, normalisation).</param>
/// <remarks>Further axes (kernel height and width) belong to no unit and stay whole.</remarks>
public sealed record WeightAxes(string Name, string Rows, string? Columns = null);
