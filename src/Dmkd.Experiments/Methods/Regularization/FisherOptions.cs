namespace Dmkd.Experiments.Methods.Regularization;

/// <summary>How a Fisher information is estimated.</summary>
/// <param name="Labels">Which labels count.</param>
/// <param name="Images">Most images to look at, one gradient or more each; they are drawn from the task's.</param>
public sealed record FisherOptions(FisherLabels Labels, int Images)
{
    private const int UsualImages = 1000;

    /// <summary>Reads <c>fisher</c> (sampled, expected or weighted) and <c>fisher-images</c> (default: 1,000).</summary>
    /// <param name="parameters">Where they are.</param>
    /// <param name="labels">The method's own labels.</param>
    /// <exception cref="MethodParameterException">One is out of its range.</exception>
    public static FisherOptions Read(MethodParameters parameters, FisherLabels labels)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        string[] names = [.. Enum.GetValues<FisherLabels>().Select(NameOf)];
        int chosen = Array.IndexOf(names, parameters.OneOf("fisher", NameOf(labels), names));
        return new FisherOptions((FisherLabels)chosen, parameters.Count("fisher-images", UsualImages, 1, int.MaxValue));
    }

    private static string NameOf(FisherLabels labels) => labels switch
    {
        FisherLabels.Sampled => "sampled",
        FisherLabels.Expected => "expected",
        _ => "weighted",
    };
}
