namespace Dmkd.Experiments.Plans;

/// <summary>A method of an experiment with its parameters.</summary>
/// <param name="Label">Name in results; no two methods of an experiment have the same.</param>
/// <param name="Method">Which method it is.</param>
/// <param name="Parameters">Texts by parameter name; numbers in one spelling.</param>
/// <param name="Line">Where it stands in the file.</param>
public sealed record PlannedMethod(string Label, string Method, IReadOnlyDictionary<string, string> Parameters, int Line)
{
    /// <summary>The parameter that the search for learning rates sets.</summary>
    public const string LearningRate = "learning-rate";

    /// <summary>The same method with a parameter of another value.</summary>
    public PlannedMethod With(string parameter, string value) => this with { Parameters = new Dictionary<string, string>(Parameters) { [parameter] = value } };
}
