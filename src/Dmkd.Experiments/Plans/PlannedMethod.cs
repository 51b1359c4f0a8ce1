namespace Dmkd.Experiments.Plans;

/// <summary>A method of an experiment with its parameters.</summary>
/// <param name="Label">Name in results; no two methods of an experiment have the same.</param>
/// <param name="Method">Which method it is.</param>
/// <param name="Parameters">Texts by parameter name; numbers in one spelling.</param>
/// <param name="Line">Where it stands in the file.</param>
public sealed record PlannedMethod(string Label, string Method, IReadOnlyDictionary<string, string> Parameters, int Line)
{
    /// <summary>The parameter that is searched for every method which does not name it.</summary>
    public const string LearningRate = "learning-rate";

    /// <summary>Parameters that the file gives a list of values: the best combination is searched.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Searched { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether the file says something about a parameter.</summary>
    public bool Names(string parameter) => Parameters.ContainsKey(parameter) || Searched.ContainsKey(parameter);

    /// <summary>The same method with a parameter of another value.</summary>
    public PlannedMethod With(string parameter, string value) => this with { Parameters = new Dictionary<string, string>(Parameters) { [parameter] = value } };

    /// <summary>The same method with several parameters of other values.</summary>
    public PlannedMethod With(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Aggregate(this, (method, pair) => method.With(pair.Key, pair.Value));
    }
}
