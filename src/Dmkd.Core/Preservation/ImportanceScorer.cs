using System.ComponentModel.DataAnnotations;
using System.Runtime.InteropServices;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Preservation;

/// <summary>Measures <see cref="ImportanceScores"/> on a calibration set (proposal 3.2.1).</summary>
public static class ImportanceScorer
{
    /// <summary>
    /// Scores every parameter by <c>|W| · mean |∇L|</c> with L the cross-entropy. The gradient is one per mini-batch,
    /// and every mini-batch holds one class only; a class's mean weighs its batches by their size, the total is the
    /// mean over classes.
    /// </summary>
    /// <param name="network">Run in eval mode (batch-norm statistics fixed). Borrowed: its mode is restored and its
    /// gradients are zero afterwards.</param>
    /// <param name="inputs">Shape [n, channels, height, width], float32, normalised, on the network's device.
    /// Borrowed.</param>
    /// <param name="labels">Shape [n], int64 in [0, classCount), every class at least once. Borrowed.</param>
    /// <param name="classCount">Number of classes, in [1, outputs of the network].</param>
    /// <param name="options">How to measure.</param>
    /// <returns>Scores owned by the caller, on the CPU.</returns>
    public static ImportanceScores Score(
        Network network,
        Tensor inputs,
        Tensor labels,
        int classCount,
        ImportanceOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classCount, network.Architecture.OutputCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        if (labels.dim() != 1 || inputs.dim() != 4 || inputs.shape[0] != labels.shape[0])
            throw new ArgumentException(
                $"inputs must be [n, channels, height, width] and labels [n], but are "
                    + $"[{string.Join(", ", inputs.shape)}] and [{string.Join(", ", labels.shape)}].",
                nameof(labels)
            );

        using var scope = NewDisposeScope();
        bool wasTraining = network.training;
        network.eval();
        try
        {
            return ScoreClasses(network, inputs, labels, classCount, options.BatchSize);
        }
        finally
        {
            network.zero_grad();
            network.train(wasTraining);
        }
    }

    /// <summary>
    /// The control: scores every parameter by <c>|W|</c> alone. It knows no classes, so every class scores alike.
    /// </summary>
    /// <param name="network">Borrowed, not changed.</param>
    /// <param name="classCount">Number of classes, in [1, outputs of the network].</param>
    /// <returns>Scores owned by the caller, on the CPU.</returns>
    public static ImportanceScores Magnitude(Network network, int classCount)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classCount, network.Architecture.OutputCount);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var parameters = network.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        WeightAxes[] scored = [.. network.Architecture.Weights.Where(axes => parameters.ContainsKey(axes.Name))];
        var units = network.Architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => new double[classCount, space.Width],
            StringComparer.Ordinal
        );
        WeightSet weights = new([
            .. scored.Select(axes => KeyValuePair.Create(axes.Name, parameters[axes.Name].abs().cpu())),
        ]);
        foreach (var axes in scored.Where(axes => units.ContainsKey(axes.Rows.Space)))
            for (int label = 0; label < classCount; label++)
                AddToUnits(units[axes.Rows.Space], label, weights[axes.Name], axes);
        return new ImportanceScores(classCount, weights, units);
    }

    private static ImportanceScores ScoreClasses(
        Network network,
        Tensor inputs,
        Tensor labels,
        int classCount,
        int batchSize
    )
    {
        var parameters = network.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        WeightAxes[] scored = [.. network.Architecture.Weights.Where(axes => parameters.ContainsKey(axes.Name))];
        var totals = scored.ToDictionary(
            axes => axes.Name,
            axes => zeros_like(parameters[axes.Name], requires_grad: false),
            StringComparer.Ordinal
        );
        var units = network.Architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => new double[classCount, space.Width],
            StringComparer.Ordinal
        );
        long[][] members = MembersByClass(labels, classCount);

        for (int label = 0; label < classCount; label++)
        {
            using var classScope = NewDisposeScope();
            var gradients = MeanAbsoluteGradients(network, parameters, inputs, members[label], label, batchSize);
            using var noGrad = no_grad();
            foreach (var axes in scored)
            {
                var score = parameters[axes.Name].abs() * gradients[axes.Name];
                totals[axes.Name].add_(score / classCount);
                if (units.TryGetValue(axes.Rows.Space, out var matrix))
                    AddToUnits(matrix, label, score, axes);
            }
        }

        var weights = new WeightSet([
            .. scored.Select(axes => KeyValuePair.Create(axes.Name, totals[axes.Name].cpu())),
        ]);
        return new ImportanceScores(classCount, weights, units);
    }

    private static Dictionary<string, Tensor> MeanAbsoluteGradients(
        Network network,
        Dictionary<string, Parameter> parameters,
        Tensor inputs,
        long[] members,
        long label,
        int batchSize
    )
    {
        var means = parameters.ToDictionary(
            p => p.Key,
            p => zeros_like(p.Value, requires_grad: false),
            StringComparer.Ordinal
        );
        foreach (long[] batch in members.Chunk(batchSize))
        {
            using var scope = NewDisposeScope();
            network.zero_grad();
            var logits = network.forward(inputs.index_select(0, tensor(batch, device: inputs.device)));
            F.cross_entropy(logits, full([batch.Length], label, int64, inputs.device)).backward();
            using var noGrad = no_grad();
            foreach (var (name, parameter) in parameters)
            {
                var gradient =
                    parameter.grad
                    ?? throw new InvalidOperationException(
                        $"Parameter '{name}' has no gradient: it is frozen or unused, so it cannot be scored."
                    );
                means[name].add_(gradient.abs() * ((double)batch.Length / members.Length));
            }
        }

        return means;
    }

    private static long[][] MembersByClass(Tensor labels, int classCount)
    {
        double[] values = TensorValues.ToDoubles(labels);
        var members = Enumerable.Range(0, classCount).Select(_ => new List<long>()).ToArray();
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] < 0 || values[i] >= classCount)
                throw new ArgumentOutOfRangeException(
                    nameof(labels),
                    values[i],
                    $"labels must be in [0, {classCount}); label {i} is not."
                );
            members[(int)values[i]].Add(i);
        }

        int missing = Array.FindIndex(members, list => list.Count == 0);
        if (missing >= 0)
            throw new ArgumentException(
                $"labels must hold each of the {classCount} classes, but class {missing} has no input.",
                nameof(labels)
            );
        return [.. members.Select(list => list.ToArray())];
    }

    private static void AddToUnits(double[,] matrix, int label, Tensor score, WeightAxes axes)
    {
        var rows = score.transpose(0, axes.RowAxis).reshape(axes.Rows.Outer, matrix.GetLength(1), -1);
        double[] sums = TensorValues.ToDoubles(rows.sum([0, 2], type: float64));
        for (int unit = 0; unit < sums.Length; unit++)
            matrix[label, unit] += sums[unit];
    }
}

/// <summary>How importance is measured (proposal 3.2.1).</summary>
public sealed class ImportanceOptions
{
    /// <summary>
    /// Gets or sets the inputs per mini-batch: one absolute gradient is taken per batch. Default: 64.
    /// </summary>
    [Range(1, 65_536)]
    public int BatchSize { get; set; } = 64;
}

/// <summary>Moves numbers from tensors to arrays.</summary>
internal static class TensorValues
{
    /// <summary>Copies a tensor's values in row-major order.</summary>
    /// <param name="tensor">Any shape, any numeric type. Borrowed.</param>
    public static double[] ToDoubles(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, double>(tensor.detach().to(float64).cpu().contiguous().bytes).ToArray();
    }
}

/// <summary>
/// Importance of a network's parameters, <c>s_ij = |W_ij| · mean |∇_ij L|</c>, and of its units per class (proposal
/// 3.2.1). Owns its tensors.
/// </summary>
/// <remarks>
/// Scores per class and parameter would cost one network per class; only their sums per unit are needed later (class
/// assignment and unit selection), so only those are kept.
/// </remarks>
public sealed class ImportanceScores : IDisposable
{
    internal ImportanceScores(int classCount, WeightSet weights, IReadOnlyDictionary<string, double[,]> unitsByClass)
    {
        ClassCount = classCount;
        Weights = weights;
        UnitsByClass = unitsByClass;
    }

    /// <summary>Number of classes measured, at least 1.</summary>
    public int ClassCount { get; }

    /// <summary>
    /// The total score of every parameter, shaped like the parameter and at least 0: the mean of the scores per class,
    /// so that every class counts alike. Batch-norm statistics have no gradient and no score. Owned by this object.
    /// </summary>
    public WeightSet Weights { get; }

    /// <summary>
    /// By name of the unit space, shape [classCount, width]: a unit's score for a class, that is the class's score
    /// <c>s^(c)</c> summed over all parameters that write to the unit.
    /// </summary>
    public IReadOnlyDictionary<string, double[,]> UnitsByClass { get; }

    /// <summary>What a choice of units carries of all units' importance, in [0, 1]; 0 when there is none.</summary>
    /// <param name="selection">Units of the same network.</param>
    public double ShareOf(UnitSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        double chosen = 0,
            total = 0;
        foreach (var (space, byClass) in UnitsByClass)
        {
            var units = selection[space].ToHashSet();
            for (int label = 0; label < byClass.GetLength(0); label++)
            {
                for (int unit = 0; unit < byClass.GetLength(1); unit++)
                {
                    total += byClass[label, unit];
                    if (units.Contains(unit))
                        chosen += byClass[label, unit];
                }
            }
        }

        return total > 0 ? chosen / total : 0;
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose() => Weights.Dispose();
}
