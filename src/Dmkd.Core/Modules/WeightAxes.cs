namespace Dmkd.Core.Modules;

/// <summary>Which units the axes of one weight tensor stand for.</summary>
/// <param name="Name">Name of the tensor in the network's state.</param>
/// <param name="Rows">The units the tensor writes to; usually just the name of their space.</param>
/// <param name="Columns">The units it reads from, along axis 1; null for vectors (biases, normalisation).</param>
/// <remarks>Further axes (kernel height and width) belong to no unit and stay whole.</remarks>
public sealed record WeightAxes(string Name, AxisUnits Rows, AxisUnits? Columns = null)
{
    /// <summary>The axis of <see cref="Rows"/>: 0, or another in tensors without <see cref="Columns"/>, such as 2 in position embeddings [1, tokens, units].</summary>
    public int RowAxis { get; init; }
}
