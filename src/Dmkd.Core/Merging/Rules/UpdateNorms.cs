using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>How long an update is: L2 norms in float64, the same bits on every machine.</summary>
/// <param name="Trained">Over the weights that are trained. Running statistics stay out: their scale is the
/// activations', not that of a step.</param>
/// <param name="Statistics">Over batch norm's running statistics; 0 without any.</param>
public readonly record struct UpdateNorms(double Trained, double Statistics)
{
    /// <summary>Measures an update.</summary>
    /// <param name="update">Float32. Borrowed.</param>
    /// <returns>Not finite when a value is not.</returns>
    /// <exception cref="ArgumentException">A tensor is not float32.</exception>
    public static UpdateNorms Of(WeightSet update)
    {
        ArgumentNullException.ThrowIfNull(update);
        double trained = 0,
            statistics = 0;
        foreach (var (name, tensor) in update)
            (RunningStatistics.Contains(name) ? ref statistics : ref trained) += SquareSum.Of(tensor);
        return new UpdateNorms(Math.Sqrt(trained), Math.Sqrt(statistics));
    }
}

/// <summary>
/// Sums squares in float64 in one fixed order: eight running sums, then those in turn. libtorch's own sums depend on
/// the processor and on the number of threads, and would let the same round end in different bits on different
/// machines.
/// </summary>
internal static class SquareSum
{
    private const int Step = 8;

    /// <summary><c>Σ x²</c>.</summary>
    /// <param name="tensor">Float32, on the CPU, any shape. Borrowed.</param>
    public static double Of(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        double sum = 0;
        foreach (var chunk in Chunks(tensor))
            sum += Sum(Values(chunk));
        return sum;
    }

    /// <summary><c>Σ (x - y)²</c>.</summary>
    /// <param name="one">Float32, on the CPU. Borrowed.</param>
    /// <param name="other">Of the same shape. Borrowed.</param>
    public static double OfDifference(Tensor one, Tensor other)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        double sum = 0;
        foreach (var (left, right) in Chunks(one).Zip(Chunks(other)))
            sum += Sum(Values(left), Values(right));
        return sum;
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        Vector256<double> lower = default,
            upper = default;
        int i = 0;
        for (; i <= values.Length - Step; i += Step)
        {
            var (a, b) = Vector256.Widen(Vector256.Create(values.Slice(i, Step)));
            lower += a * a;
            upper += b * b;
        }

        double sum = Total(lower) + Total(upper);
        for (; i < values.Length; i++)
            sum += (double)values[i] * values[i];
        return sum;
    }

    private static double Sum(ReadOnlySpan<float> values, ReadOnlySpan<float> others)
    {
        Vector256<double> lower = default,
            upper = default;
        int i = 0;
        for (; i <= values.Length - Step; i += Step)
        {
            var (a, b) = Vector256.Widen(Vector256.Create(values.Slice(i, Step)));
            var (c, d) = Vector256.Widen(Vector256.Create(others.Slice(i, Step)));
            lower += (a - c) * (a - c);
            upper += (b - d) * (b - d);
        }

        double sum = Total(lower) + Total(upper);
        for (; i < values.Length; i++)
            sum += ((double)values[i] - others[i]) * ((double)values[i] - others[i]);
        return sum;
    }

    private static double Total(Vector256<double> sums) => sums[0] + sums[1] + sums[2] + sums[3];

    private static IEnumerable<Tensor> Chunks(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32
            ? TensorMemory.Chunks(tensor.detach().contiguous())
            : throw new ArgumentException($"The values must be Float32; they are {tensor.dtype}.", nameof(tensor));

    private static ReadOnlySpan<float> Values(Tensor chunk) => MemoryMarshal.Cast<byte, float>(chunk.bytes);
}
