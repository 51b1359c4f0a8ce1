using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Routing;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Serving;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd predict</c>: asks a library what images show.</summary>
internal sealed class PredictCommand : Command
{
    private const string StandardOutput = "-";
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _images = new("image")
    {
        Description =
            "Images (JPEG, PNG, GIF, BMP or WebP): files, folders with all below them, patterns such as 'photos/**/*.jpg'",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _library = new("--library") { Description = "Library; the newest when not given" };
    private readonly Option<string?> _archive = new("--archive")
    {
        Description = "Folder of an exported library, which answers without a silo",
    };
    private readonly Option<string?> _csv = new("--csv")
    {
        Description = "File to write the answers to, as comma-separated values; - is standard output",
    };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file of --csv if it exists" };
    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "End at the first image that cannot be read, without an answer",
    };
    private readonly RoutingOptions _routing = new();

    public PredictCommand()
        : base("predict", "Predict the classes of images and say which experts answered")
    {
        Arguments.Add(_images);
        Option[] all = [_library, _archive, _csv, _force, _strict];
        foreach (var option in all)
            Options.Add(option);
        _routing.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        _routing.Check(parsed);
        string[] images = Pictures.Named(parsed.GetValue(_images)!);
        using var file = OpenCsv(parsed);
        _common.RequireConvolutions(parsed);
        await using var library = await OpenLibrary.OpenAsync(_common, parsed, _library, _archive, cancellationToken);
        var plan = _routing.Read(parsed, library.Manifest);
        var input = Bad.InputUnless(() => library.Manifest.Input);
        var answers = new List<(string Image, PredictedInput Prediction)>();
        var replacements = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (batch, names) in BatchesOf(images, input, parsed.GetValue(_strict)))
        {
            var (predicted, replaced) = await library.PredictAsync(batch, plan, cancellationToken);
            answers.AddRange(names.Zip(predicted));
            replacements.UnionWith(replaced);
        }

        foreach (string replacement in replacements)
            Notice.Warning(OneLine.Escaped(replacement));
        if (answers.Count > 0)
            Print(parsed, answers, file);
        return answers.Count == images.Length ? ExitCode.Success : ExitCode.BadInput;
    }

    private OutputFile? OpenCsv(ParseResult parsed)
    {
        string? path = parsed.GetValue(_csv);
        if (path == StandardOutput && _common.Json(parsed))
            throw new BadInputException($"{_csv.Name} {StandardOutput} and --json both write to standard output.");
        return path is null or StandardOutput ? null : OutputFile.Open(path, parsed.GetValue(_force));
    }

    /// <summary>
    /// Batches within the limit of one request, read one at a time. An image that cannot be read is told and left out.
    /// </summary>
    /// <exception cref="BadInputException">One cannot be read, and none may be left out.</exception>
    private static IEnumerable<(InputTensor Batch, List<string> Names)> BatchesOf(
        string[] images,
        TensorSignature input,
        bool isStrict
    )
    {
        int bytesPerImage = (int)input.BytesPerInput,
            size = input.Shape[^1];
        int most = Math.Clamp(RouteRequest.MaxInputBytes / bytesPerImage, 1, RouteRequest.MaxPredictions);
        foreach (string[] chunk in images.Chunk(most))
        {
            byte[] pixels = new byte[chunk.Length * bytesPerImage];
            var names = new List<string>();
            foreach (string image in chunk)
            {
                var place = pixels.AsSpan(names.Count * bytesPerImage, bytesPerImage);
                string? problem = Pictures.Read(image, size, place);
                if (problem is null)
                    names.Add(image);
                else if (isStrict)
                    throw new BadInputException(problem);
                else
                    Notice.Problem(problem);
            }

            int bytes = names.Count * bytesPerImage;
            int[] shape = [names.Count, .. input.Shape.Skip(1)];
            if (bytes > 0)
                yield return (new InputTensor(input.Name, input.DataType, shape, pixels[..bytes]), names);
        }
    }

    private void Print(ParseResult parsed, List<(string Image, PredictedInput Prediction)> answers, OutputFile? file)
    {
        if (file is not null)
            WriteCsv(answers, file);
        if (_common.Json(parsed))
            PrintJson(answers);
        else if (file is not null)
            Console.Out.WriteLine($"{answers.Count} answers written to {file.Path}");
        else if (parsed.GetValue(_csv) is not null)
            AnswersCsv.Write(Console.Out, answers);
        else
            Consoles.Create(json: false).Write(ModuleTables.Predictions(answers));
    }

    private static void WriteCsv(List<(string Image, PredictedInput Prediction)> answers, OutputFile file)
    {
        using (var writer = new StreamWriter(file.Content, leaveOpen: true))
            AnswersCsv.Write(writer, answers);
        file.Commit();
    }

    private static void PrintJson(IEnumerable<(string Image, PredictedInput Prediction)> answers) =>
        JsonOutput.Write(
            answers.Select(pair => new
            {
                pair.Image,
                Class = pair.Prediction.ClassName,
                pair.Prediction.ClassIndex,
                pair.Prediction.Probability,
                Experts = pair.Prediction.Experts.Select(share => new { share.Module, share.Probability }),
            })
        );
}
