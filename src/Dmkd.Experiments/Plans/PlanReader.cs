using System.Text.RegularExpressions;
using Dmkd.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dmkd.Experiments.Plans;

/// <summary>Reads experiment files (docs/reference/experiments.md).</summary>
public static partial class PlanReader
{
    private const long MaxBytes = 1 << 20;
    private const int MaxDepth = 64;
    private static readonly int[] UsualSeeds = [1, 2, 3, 4, 5];

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path; paths in it are relative to its folder.</param>
    /// <exception cref="PlanException">It cannot be read, or says what cannot be.</exception>
    public static ExperimentPlan Read(string file)
    {
        if (!File.Exists(file))
            throw new PlanException($"There is no experiment file {file}.");
        long bytes = new FileInfo(file).Length;
        return bytes <= MaxBytes
            ? Parse(File.ReadAllText(file), file)
            : throw new PlanException($"{file} holds {bytes} bytes; an experiment file has at most {MaxBytes}.");
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="file">Its path, for messages and for the paths in it.</param>
    /// <exception cref="PlanException">The text says what cannot be.</exception>
    public static ExperimentPlan Parse(string text, string file)
    {
        var root = Root(text, file).Map();
        string name = root.Find("name") is { } named ? NameOf(named) : Path.GetFileNameWithoutExtension(file);
        int tasks = root.Find("tasks")?.Count("tasks") ?? 5;
        var data = DataSection.Read(root.Require("data"), tasks);
        int nodes = root.Find("nodes")?.Count("nodes") ?? 4;
        var dirichlet = SettingRange.Of("dirichlet");
        double concentration = root.Find("dirichlet")?.Number(dirichlet.Min, dirichlet.Max) ?? 1;
        int[] seeds = root.Find("seeds") is { } listed ? Distinct(listed, seed => seed.Count("seed")) : UsualSeeds;
        var budget = BudgetOf(root.Find("budget"));
        var search = SearchOf(root.Find("select"));
        var methods = MethodSection.Read(root.Require("methods"), search is not null);
        var variations = VariationSection.Read(root.Find("vary"), methods);
        string reference = ReferenceOf(root.Find("reference"), methods);
        double watts = root.Find("watts")?.Number(0.001, 1e6) ?? ExperimentPlan.DefaultWatts;
        root.RequireAllAsked();
        return new ExperimentPlan
        {
            Name = name,
            File = file,
            Data = data,
            Nodes = nodes,
            Dirichlet = concentration,
            Seeds = seeds,
            Budget = budget,
            Search = search,
            Methods = methods,
            Variations = variations,
            Reference = reference,
            Watts = watts,
        };
    }

    /// <summary>A name that can be a part of a file's name.</summary>
    internal static string NameOf(YamlValue value) => NameOf(value, value.Text());

    /// <inheritdoc cref="NameOf(YamlValue)"/>
    internal static string NameOf(YamlValue value, string text) =>
        Name().IsMatch(text)
            ? text
            : throw value.Refuse(
                $"must be at most 64 letters, digits, '.', '+', '_' or '-', beginning with a letter or digit, not '{text}'"
            );

    /// <summary>The values of a list, none of them twice.</summary>
    internal static T[] Distinct<T>(YamlValue list, Func<YamlValue, T> read)
    {
        T[] values = [.. list.List().Select(read)];
        return values.Distinct().Count() == values.Length
            ? values
            : throw list.Refuse($"has a value twice: {string.Join(", ", values)}");
    }

    private static YamlValue Root(string text, string file)
    {
        try
        {
            RequireFlat(text, file);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode map
                ? new YamlValue(file, "", map)
                : throw new PlanException(
                    $"{file}:1: an experiment file is one mapping of keys, such as name, data and methods."
                );
        }
        catch (YamlException e)
        {
            throw new PlanException($"{file}:{e.Start.Line}: not readable as YAML: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // What YamlDotNet makes of a bracket that is never closed.
            throw new PlanException(
                $"{file}:{text.Count(letter => letter == '\n') + 1}: not readable as YAML: it ends inside brackets or quotes."
            );
        }
    }

    /// <summary>
    /// Refuses a second document, and lists and mappings too deep in one another, event by event: to make a tree of
    /// them takes the stack.
    /// </summary>
    private static void RequireFlat(string text, string file)
    {
        var parser = new Parser(new StringReader(text));
        int documents = 0;
        for (int depth = 0; parser.MoveNext(); )
        {
            depth += parser.Current!.NestingIncrease;
            if (parser.Current is YamlDotNet.Core.Events.DocumentStart && ++documents > 1)
                throw new PlanException(
                    $"{file}:{parser.Current.Start.Line}: a second document begins here; "
                        + "an experiment file is one mapping of keys."
                );
            if (parser.Current is YamlDotNet.Core.Events.DocumentStart or YamlDotNet.Core.Events.StreamStart)
                depth = 0;
            if (depth > MaxDepth)
                throw new PlanException(
                    $"{file}:{parser.Current.Start.Line}: lists and mappings may lie {MaxDepth} deep in one another, "
                        + "not deeper."
                );
        }
    }

    private static TrainingBudget BudgetOf(YamlValue? section)
    {
        var usual = TrainingBudget.Default;
        if (section is null)
            return usual;
        var map = section.Map();
        var budget = new TrainingBudget(
            map.Find("rounds")?.Count("rounds") ?? usual.Rounds,
            map.Find("epochs")?.Count("epochs") ?? usual.Epochs,
            map.Find("batch-size")?.Count("batch-size") ?? usual.BatchSize,
            map.Find("widths") is { } widths ? [.. widths.List().Select(width => width.Count(1, 4096))] : usual.Widths
        );
        map.RequireAllAsked();
        return budget;
    }

    private static ParameterSearch? SearchOf(YamlValue? section)
    {
        if (section is null)
            return null;
        var map = section.Map();
        var range = SettingRange.Of("learning-rate");
        var search = new ParameterSearch(
            Distinct(
                map.Require(PlannedMethod.LearningRate),
                rate => YamlValue.Spelled(rate.Number(range.Min, range.Max))
            ),
            map.Find("validation-share")?.Number(0.001, 0.5) ?? 0.1,
            map.Find("seed")?.Count("seed") ?? 1,
            map.Find("train-per-class")?.Count(2, int.MaxValue)
        );
        map.RequireAllAsked();
        return search;
    }

    private static string ReferenceOf(YamlValue? value, IReadOnlyList<PlannedMethod> methods)
    {
        if (value is null)
            return (methods.FirstOrDefault(method => method.Label == "dmkd") ?? methods[0]).Label;
        string label = value.Text();
        return methods.Any(method => method.Label == label)
            ? label
            : throw value.Refuse(
                $"must be the label of a method ({string.Join(", ", methods.Select(method => method.Label))}), not '{label}'"
            );
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}\z")]
    private static partial Regex Name();
}

/// <summary>
/// The keys of a mapping; those that nobody asked for are refused, so that a misspelt key does not pass for a default.
/// </summary>
internal sealed class YamlMap
{
    private readonly YamlValue _owner;
    private readonly Dictionary<string, YamlValue> _values = [];
    private readonly List<string> _asked = [];

    public YamlMap(YamlValue owner, YamlMappingNode map)
    {
        _owner = owner;
        foreach (var (key, value) in map.Children)
        {
            string name = new YamlValue(owner.File, owner.Path, key).Text();
            _values.Add(name, new YamlValue(owner.File, owner.Path.Length == 0 ? name : $"{owner.Path}.{name}", value));
        }
    }

    /// <summary>The keys there are, in the file's order.</summary>
    public IReadOnlyCollection<string> Keys => _values.Keys;

    /// <summary>A value, or null when its key is not there.</summary>
    public YamlValue? Find(string key)
    {
        if (!_asked.Contains(key))
            _asked.Add(key);
        return _values.GetValueOrDefault(key);
    }

    /// <summary>A value.</summary>
    /// <exception cref="PlanException">Its key is not there.</exception>
    public YamlValue Require(string key) =>
        Find(key)
        ?? throw new PlanException(
            $"{_owner.File}:{_owner.Line}: {(_owner.Path.Length == 0 ? "the experiment" : _owner.Path)} needs the key '{key}'."
        );

    /// <summary>Refuses keys that nobody asked for.</summary>
    /// <exception cref="PlanException">Names the first of them, and those there may be.</exception>
    public void RequireAllAsked()
    {
        string? unknown = _values.Keys.FirstOrDefault(key => !_asked.Contains(key));
        if (unknown is not null)
            throw _values[unknown]
                .Refuse(
                    $"is unknown; known are: {NearNames.Listed(unknown, _asked)}"
                        + (NearNames.Of(unknown, _asked) is { } near ? $". Did you mean {near}?" : "")
                );
    }
}
