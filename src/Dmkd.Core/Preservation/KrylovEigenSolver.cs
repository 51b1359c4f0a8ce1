using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Smallest eigenvectors of a large symmetric operator: block Lanczos with full re-orthogonalisation, as Rayleigh-Ritz on a basis that
/// grows by the residuals and restarts from its best Ritz vectors (Stathopoulos and Saad 1998). A block finds repeated eigenvalues.
/// </summary>
internal static class KrylovEigenSolver
{
    private const int GuardVectors = 4;
    private const int BlocksPerRestart = 12;
    private const int MaximumSteps = 100;
    private const ulong Seed = 1;

    // A square length; what is left of a vector of length 1 below it is mostly rounding error.
    private const double Negligible = 1e-12;

    /// <summary>
    /// Finds eigenvectors. After 100 blocks the best known ones are returned: where that is not enough, no gap separates the wanted
    /// eigenvalues from the next, and no partition would be much better than another.
    /// </summary>
    /// <param name="apply">Multiplies a borrowed block [size, vectors] of float64; its result is the caller's. Eigenvalues in [0, 2].</param>
    /// <param name="size">Rows of the operator.</param>
    /// <param name="count">How many eigenvectors, in [1, size].</param>
    /// <param name="tolerance">Length of the residual <c>Ax - θx</c> at which an eigenvector <c>x</c> of length 1 is taken as found.</param>
    /// <returns>Shape [size, count], orthonormal, eigenvalues ascending. Owned by the caller. Equal in every run.</returns>
    public static Tensor SmallestEigenvectors(Func<Tensor, Tensor> apply, int size, int count, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(Seed);
        int block = Math.Min(count + GuardVectors, size);
        var basis = Orthonormal(randn([size, block], float64, generator: generator), null)
            ?? throw new InvalidOperationException("The random start block has no rank.");
        var image = apply(basis);
        var projected = basis.t().mm(image);
        for (int step = 0; ; step++)
        {
            using var stepScope = NewDisposeScope();
            var (values, rotation) = linalg.eigh(projected);
            var ritz = basis.mm(rotation.narrow(1, 0, block));
            var residual = image.mm(rotation.narrow(1, 0, block)) - ritz * values.narrow(0, 0, block);
            double[] lengths = TensorValues.ToDoubles(residual.norm(0));
            var next = lengths.Take(count).Max() <= tolerance || step == MaximumSteps
                ? null
                : Orthonormal(residual.index_select(1, Unfinished(lengths, tolerance)), basis);
            if (next is null) return ritz.narrow(1, 0, count).contiguous().MoveToOuterDisposeScope().MoveToOuterDisposeScope();
            bool restart = basis.shape[1] + block > BlocksPerRestart * block;
            var kept = restart ? rotation.narrow(1, 0, 2 * block) : null;
            var nextImage = apply(next);
            (basis, image) = (Grow(basis, kept, next), Grow(image, kept, nextImage));
            projected = Border(projected, restart ? diag(values.narrow(0, 0, 2 * block)) : projected, basis.t().mm(nextImage));
        }
    }

    // Disposes what it replaces: the solver's scope would keep one basis for every step.
    private static Tensor Grow(Tensor whole, Tensor? kept, Tensor columns)
    {
        using (whole) return cat([kept is null ? whole : whole.mm(kept), columns], 1).MoveToOuterDisposeScope();
    }

    // Only the new columns of B'AB are multiplied out; the others are known, and on a restart they are the Ritz values.
    private static Tensor Border(Tensor replaced, Tensor known, Tensor columns)
    {
        using (replaced)
        {
            long size = known.shape[0];
            var above = columns.narrow(0, 0, size);
            return cat([cat([known, above.t()], 0), columns], 1).MoveToOuterDisposeScope();
        }
    }

    private static Tensor Unfinished(double[] lengths, double tolerance) =>
        tensor(Enumerable.Range(0, lengths.Length).Where(i => lengths[i] > tolerance / 10).Select(i => (long)i).ToArray());

    // Stathopoulos and Wu 2002 (SVQB), twice; null where nothing is left.
    private static Tensor? Orthonormal(Tensor block, Tensor? basis)
    {
        for (int pass = 0; pass < 3; pass++)
        {
            block = block / block.norm(0, true).clamp_min(double.Epsilon);
            if (basis is not null) block -= basis.mm(basis.t().mm(block));
            var (values, vectors) = linalg.eigh(block.t().mm(block));
            long[] kept = [.. TensorValues.ToDoubles(values).Index().Where(v => v.Item > Negligible).Select(v => (long)v.Index)];
            if (kept.Length == 0) return null;
            block = block.mm(vectors.index_select(1, tensor(kept)) / values.index_select(0, tensor(kept)).sqrt());
        }

        return block;
    }
}
