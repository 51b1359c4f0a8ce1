using System.Globalization;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>A network gave NaN or infinity where it should answer: it has no accuracy and no class.</summary>
public sealed class NoFiniteAnswerException : Exception
{
    /// <summary>Describes it.</summary>
    /// <param name="inputs">Inputs without a finite answer, at least 1.</param>
    /// <param name="asked">Inputs that were asked about.</param>
    /// <param name="who">What answered, such as <c>the network</c>.</param>
    public NoFiniteAnswerException(long inputs, long asked, string who)
        : base($"{inputs} of {asked} images got no finite answer: {who} gives NaN or infinity, so it has no accuracy.")
    { }
}

/// <summary>Finds numbers that are none: NaN, infinities, and what float32 cannot hold.</summary>
public static class FiniteValues
{
    /// <summary>Says where the first value that is not finite is.</summary>
    /// <param name="values">Floating-point values, any shape. Borrowed.</param>
    /// <param name="original">The same values before they became float32, when they were others. Borrowed.</param>
    /// <returns>The rest of a sentence about the tensor, such as <c>is NaN at [0, 3]</c>; null when all are
    /// finite.</returns>
    public static string? ProblemOf(Tensor values, Tensor? original = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var finite = values.isfinite();
        if (finite.all().item<bool>())
            return null;
        long place = finite.flatten().logical_not().to(ScalarType.Int64).argmax().item<long>();
        double value = (original ?? values).flatten()[place].to(ScalarType.Float64).item<double>();
        string at = $"[{string.Join(", ", IndexOf(place, values.shape))}]";
        if (double.IsNaN(value))
            return $"is NaN at {at}";
        if (double.IsInfinity(value))
            return $"is infinite at {at}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"is {value:G4} at {at}, more than float32 can hold ({float.MaxValue:G3})"
        );
    }

    /// <summary>Number of rows with a value that is not finite.</summary>
    /// <param name="rows">Shape [n, values]. Borrowed.</param>
    public static long RowsWithout(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        using var scope = NewDisposeScope();
        return rows.isfinite().all(1).logical_not().sum().item<long>();
    }

    /// <summary>Refuses answers that are not finite.</summary>
    /// <param name="values">Row by row.</param>
    /// <param name="columns">Values of a row, at least 1.</param>
    /// <param name="who">What answered, such as <c>the network</c>.</param>
    /// <exception cref="NoFiniteAnswerException">A value is not finite.</exception>
    public static void RequireRows(ReadOnlySpan<float> values, int columns, string who)
    {
        long without = 0;
        for (int start = 0; start < values.Length; start += columns)
            foreach (float value in values.Slice(start, columns))
                if (!float.IsFinite(value))
                {
                    without++;
                    break;
                }

        if (without > 0)
            throw new NoFiniteAnswerException(without, values.Length / columns, who);
    }

    private static long[] IndexOf(long place, long[] shape)
    {
        long[] index = new long[shape.Length];
        for (int axis = shape.Length - 1; axis >= 0; axis--)
            (place, index[axis]) = Math.DivRem(place, Math.Max(shape[axis], 1));
        return index;
    }
}
