using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing.Discriminants;

/// <summary>
/// What is kept of images' features in an expert's space: how many of each class, their sums, and the sum of all
/// products of two features. Sums of parts are the whole's, so nodes add theirs without showing images (docs/adr/0019).
/// </summary>
/// <param name="Width">Number of features, d.</param>
/// <param name="Classes">The data set's index of each class, ascending.</param>
/// <param name="Counts">Images of each class.</param>
/// <param name="Sums">Sum of the features of each class, shape [classes, d].</param>
/// <param name="Products">Upper triangle of Σ f·fᵀ over the images of all classes, row by row; d (d + 1) / 2
/// numbers.</param>
public sealed record FeatureMoments(int Width, int[] Classes, long[] Counts, double[] Sums, double[] Products)
{
    /// <summary>Numbers of a triangle.</summary>
    public static int TriangleOf(int width) => checked(width * (width + 1) / 2);

    /// <summary>Moments of nothing.</summary>
    public static FeatureMoments None(int width) => new(width, [], [], [], new double[TriangleOf(width)]);

    /// <summary>Measures features.</summary>
    /// <param name="features">Float32, shape [images, d], at least one image. Borrowed.</param>
    /// <param name="labels">The data set's class index of each image.</param>
    /// <param name="classes">The classes that there may be, ascending.</param>
    public static FeatureMoments Of(Tensor features, ReadOnlySpan<int> labels, int[] classes)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(classes);
        int images = labels.Length,
            width = (int)features.shape[1];
        double[] membership = new double[images * classes.Length];
        long[] counts = new long[classes.Length];
        for (int image = 0; image < images; image++)
        {
            int place = Array.IndexOf(classes, labels[image]);
            if (place < 0)
                throw new ArgumentException(
                    $"Image {image} is of class {labels[image]}, which is none of {string.Join(", ", classes)}.",
                    nameof(labels)
                );
            membership[image * classes.Length + place] = 1;
            counts[place]++;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wide = features.cpu().to(ScalarType.Float64);
        var members = tensor(membership, [images, classes.Length], ScalarType.Float64);
        double[] products = ToArray(wide.t().mm(wide));
        return new FeatureMoments(width, classes, counts, ToArray(members.t().mm(wide)), UpperOf(products, width));
    }

    /// <summary>These and those of other images.</summary>
    /// <exception cref="ArgumentException">They are of another width.</exception>
    public FeatureMoments Plus(FeatureMoments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Width != Width)
            throw new ArgumentException(
                $"Moments of {other.Width} features cannot be added to moments of {Width}.",
                nameof(other)
            );
        int[] classes = [.. Classes.Union(other.Classes).Order()];
        long[] counts = new long[classes.Length];
        double[] sums = new double[classes.Length * Width];
        foreach (var part in (FeatureMoments[])[this, other])
        {
            for (int c = 0; c < part.Classes.Length; c++)
            {
                int place = Array.IndexOf(classes, part.Classes[c]);
                counts[place] += part.Counts[c];
                for (int i = 0; i < Width; i++)
                    sums[place * Width + i] += part.Sums[c * Width + i];
            }
        }

        double[] products = new double[Products.Length];
        for (int i = 0; i < products.Length; i++)
            products[i] = Products[i] + other.Products[i];
        return new FeatureMoments(Width, classes, counts, sums, products);
    }

    private static double[] UpperOf(double[] full, int width)
    {
        double[] upper = new double[TriangleOf(width)];
        for (int row = 0, to = 0; row < width; to += width - row, row++)
            full.AsSpan(row * width + row, width - row).CopyTo(upper.AsSpan(to));
        return upper;
    }

    private static double[] ToArray(Tensor values)
    {
        using var flat = values.contiguous();
        return MemoryMarshal.Cast<byte, double>(flat.bytes).ToArray();
    }
}
