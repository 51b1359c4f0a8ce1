using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>Makes one float64 tensor of several, piece by piece, so that what is computed on the way stays in the processor's cache.</summary>
internal static class PiecewiseReduction
{
    private const long PieceElements = 1 << 14; // with ten updates and as many copies a little over 1 MiB

    /// <summary>Reduces tensors.</summary>
    /// <param name="tensors">All of one shape. Borrowed.</param>
    /// <param name="reduce">Takes the same piece of every tensor, as rows, and adds its result to a piece of float64 zeros; any scope is its caller's.</param>
    /// <returns>The results, of that shape, owned by the caller.</returns>
    public static Tensor Run(IReadOnlyList<Tensor> tensors, Action<Tensor[], Tensor> reduce)
    {
        using var scope = NewDisposeScope();
        var result = zeros(tensors[0].shape, dtype: ScalarType.Float64);
        var target = result.view(-1);
        Tensor[] flat = [.. tensors.Select(tensor => tensor.reshape(-1))];
        long elements = result.numel();
        for (long first = 0; first < elements; first += PieceElements)
        {
            using var pieceScope = NewDisposeScope();
            long count = Math.Min(PieceElements, elements - first);
            reduce([.. flat.Select(values => values.narrow(0, first, count))], target.narrow(0, first, count));
        }

        return result.MoveToOuterDisposeScope();
    }
}
