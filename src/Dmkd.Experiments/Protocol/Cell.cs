using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>One measurement: a method with its parameters, on a data set, with a seed and a budget.</summary>
/// <param name="Stage">What it is for.</param>
/// <param name="Method">Which method.</param>
/// <param name="Parameters">Its parameters; those at their default are left out where the method tells its
/// defaults.</param>
/// <param name="Data">The data set.</param>
/// <param name="Settings">What all methods share: seed, tasks, nodes and budget.</param>
/// <param name="HeldOut">Share and seed of the training images that are held out and tested on; null to test on the
/// test images.</param>
public sealed record Cell(
    CellStage Stage,
    string Method,
    IReadOnlyDictionary<string, string> Parameters,
    PlannedData Data,
    RunSettings Settings,
    HeldOutImages? HeldOut = null
)
{
    private const int DigestLength = 12;
    private const int MaxPrefix = 80;

    /// <summary>
    /// Hash of everything that decides the result. The commit is not part of it, and neither is the label: the same
    /// work is done once.
    /// </summary>
    public string Digest { get; } = DigestOf(Method, Parameters, Data, Settings, HeldOut);

    /// <summary>Name of its file: what it is, for a person, and its digest.</summary>
    public string Name => $"{Prefix}-{Digest}";

    /// <summary>
    /// Id of DMKD's run. Ids of all cells are equally long, because the bytes that nodes send hold them.
    /// </summary>
    public string RunId => $"cell-{Digest}";

    /// <summary>The settings with DMKD's own parameters in them; a baseline's stand beside.</summary>
    public RunSettings OwnSettings =>
        Method == DmkdParameters.MethodName
            ? DmkdParameters.Apply(Settings, new MethodParameters(Method, Parameters))
            : Settings;

    private string Prefix
    {
        get
        {
            var text = new StringBuilder(Stage is CellStage.Search ? "search-" : "").Append(
                CultureInfo.InvariantCulture,
                $"{Data.Name}-{Method}-seed{Settings.Seed}"
            );
            foreach (var (name, value) in Parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"-{name}={value}");
            string safe = new([
                .. text.ToString()
                    .Select(letter =>
                        char.IsAsciiLetterOrDigit(letter) || letter is '.' or '+' or '-' or '_' or '=' ? letter : '_'
                    ),
            ]);
            return safe.Length <= MaxPrefix ? safe : safe[..MaxPrefix];
        }
    }

    private static string DigestOf(
        string method,
        IReadOnlyDictionary<string, string> parameters,
        PlannedData data,
        RunSettings settings,
        HeldOutImages? heldOut
    )
    {
        var source = data.Source;
        var training = settings.Training;
        var participation = settings.Participation;
        string[] lines =
        [
            $"method={method}",
            .. ParameterLines(method, parameters, settings),
            $"data={source.Kind}|{data.WrittenPath}|{source.TrainPerClass}|{source.TestPerClass}|{source.ImageSize}|{source.Seed}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"heldOut={heldOut?.Share:R}|{heldOut?.Seed}|{heldOut?.TrainPerClass}"
            ),
            string.Create(
                CultureInfo.InvariantCulture,
                $"tasks={settings.Tasks}|nodes={participation.Nodes}|dirichlet={participation.Dirichlet:R}|"
                    + $"seed={settings.Seed}"
            ),
            $"budget={training.Rounds}|{training.Epochs}|{training.BatchSize}|{string.Join('-', training.Widths)}",
        ];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[
            ..DigestLength
        ];
    }

    /// <summary>
    /// A baseline's parameters as they are given; of DMKD all that they come to, so that a cell is measured again when
    /// a default has changed.
    /// </summary>
    private static IEnumerable<string> ParameterLines(
        string method,
        IReadOnlyDictionary<string, string> parameters,
        RunSettings settings
    )
    {
        try
        {
            if (method == DmkdParameters.MethodName)
            {
                var applied = DmkdParameters.Apply(settings, new MethodParameters(method, parameters));
                // data has a line of its own, without its place on this disk
                var dataless = applied with
                {
                    Data = new DataSource { Kind = "", Seed = 0 },
                };
                return [$"settings={JsonSerializer.Serialize(dataless, ExperimentJson.Line)}"];
            }
        }
        catch (MethodParameterException)
        {
            // Stays as it is given, to be refused where it is used.
        }

        return parameters
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"parameter.{pair.Key}={pair.Value}");
    }
}

/// <summary>A cell and its place in the experiment. One cell may have several places, and is measured once.</summary>
/// <param name="Label">Label of the method.</param>
/// <param name="Parameter">The parameter that is varied; null for the method as it stands in the file, and in a
/// search.</param>
/// <param name="Value">Its value.</param>
/// <param name="Cell">The cell.</param>
public sealed record PlannedCell(string Label, string? Parameter, string? Value, Cell Cell)
{
    /// <summary>The combination that a search tries; empty outside a search.</summary>
    public IReadOnlyDictionary<string, string> Searched { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a cell is for.</summary>
public enum CellStage
{
    /// <summary>A learning rate is tried on held-out training images.</summary>
    Search = 0,

    /// <summary>A result is measured on the test images.</summary>
    Measure = 1,
}

/// <summary>What is the same for all cells of a process.</summary>
/// <param name="Folder">The folder of results.</param>
/// <param name="Versions">What computes.</param>
/// <param name="Machine">Where.</param>
/// <param name="Watts">Power that is assumed while the device computes.</param>
public sealed record WorkSetting(string Folder, Versions Versions, MachineInfo Machine, double Watts);

/// <summary>Training images that are held out to choose by.</summary>
/// <param name="Share">Share of each class.</param>
/// <param name="Seed">Seed of the draw.</param>
/// <param name="TrainPerClass">Images per class that are trained on at most; null for all others.</param>
public sealed record HeldOutImages(double Share, int Seed, int? TrainPerClass = null);
