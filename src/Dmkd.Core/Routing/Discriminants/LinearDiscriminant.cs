using System.Runtime.InteropServices;
using Dmkd.Core.Numerics;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing.Discriminants;

/// <summary>
/// Linear discriminant analysis in an expert's feature space, over its own classes and those of later tasks: classes
/// are normal with means of their own and one covariance Σ, so ln p(c | f) is linear in f: μᵀΣ⁻¹f - ½ μᵀΣ⁻¹μ, up to
/// what all classes share (docs/adr/0019).
/// </summary>
/// <param name="Width">Number of features, d.</param>
/// <param name="Classes">The data set's index of each class it knows.</param>
/// <param name="Weights">Σ⁻¹μ of each class, shape [classes, d].</param>
/// <param name="Offsets">-½ μᵀΣ⁻¹μ of each class.</param>
public sealed record LinearDiscriminant(int Width, int[] Classes, double[] Weights, double[] Offsets)
{
    /// <summary>
    /// Share of the covariance that is replaced by its mean variance: few images leave directions without any.
    /// </summary>
    private const double Shrinkage = 0.02;

    /// <summary>Fits moments; classes without images are not known.</summary>
    /// <param name="moments">At least one image.</param>
    /// <exception cref="ArgumentException">There is no image.</exception>
    public static LinearDiscriminant Fit(FeatureMoments moments)
    {
        ArgumentNullException.ThrowIfNull(moments);
        int width = moments.Width;
        int[] present = [.. Enumerable.Range(0, moments.Classes.Length).Where(c => moments.Counts[c] > 0)];
        if (present.Length == 0)
            throw new ArgumentException("A discriminant needs at least one image.", nameof(moments));
        double[][] means = [.. present.Select(c => moments.Sums.AsSpan(c * width, width).ToArray())];
        for (int k = 0; k < present.Length; k++)
        for (int i = 0; i < width; i++)
            means[k][i] /= moments.Counts[present[k]];
        double[][] weights = CholeskySolver.Solve(Covariance(moments, present, means), means);
        return new LinearDiscriminant(
            width,
            [.. present.Select(c => moments.Classes[c])],
            [.. weights.SelectMany(own => own)],
            [.. weights.Zip(means, (weight, mean) => -0.5 * weight.Zip(mean, (w, m) => w * m).Sum())]
        );
    }

    /// <summary>ln p(c | f) of every class, up to a constant that all classes of an input share.</summary>
    /// <param name="features">Float32, shape [batch, d]. Borrowed.</param>
    /// <returns>Shape [batch, classes], row-major.</returns>
    /// <exception cref="ArgumentException">The features are not as many as were fitted.</exception>
    public double[] Score(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.shape[1] != Width)
            throw new ArgumentException(
                $"The discriminant was fitted to {Width} features, not {features.shape[1]}.",
                nameof(features)
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weights = tensor(Weights, [Classes.Length, Width], ScalarType.Float64);
        var scores = features
            .cpu()
            .to(ScalarType.Float64)
            .mm(weights.t())
            .add_(tensor(Offsets, ScalarType.Float64))
            .contiguous();
        return MemoryMarshal.Cast<byte, double>(scores.bytes).ToArray();
    }

    /// <summary>The classes' common covariance, shrunk.</summary>
    private static double[,] Covariance(FeatureMoments moments, int[] present, double[][] means)
    {
        int width = moments.Width;
        double images = present.Sum(c => moments.Counts[c]),
            trace = 0;
        double[,] covariance = new double[width, width];
        for (int row = 0, from = 0; row < width; row++)
        {
            for (int column = row; column < width; column++, from++)
            {
                double within = moments.Products[from];
                for (int k = 0; k < present.Length; k++)
                    within -= moments.Counts[present[k]] * means[k][row] * means[k][column];
                covariance[row, column] = covariance[column, row] = (1 - Shrinkage) * within / images;
            }

            trace += covariance[row, row] / (1 - Shrinkage);
        }

        double floor = trace > 0 ? Shrinkage * trace / width : 1; // features that never vary say nothing
        for (int i = 0; i < width; i++)
            covariance[i, i] += floor;
        return covariance;
    }
}
