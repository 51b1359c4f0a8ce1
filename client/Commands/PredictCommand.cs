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
    private readonly Option<int?> _classes = new Option<int?>("--classes")
    {
        Description = "Most probable classes to tell of each image, of those that the experts asked know",
    }.WithNumbers();
    private readonly RoutingOptions _routing = new();

    public PredictCommand()
        : base("predict", "Predict the classes of images and say which experts answered")
    {
        Arguments.Add(_images);
        Option[] all = [_library, _archive, _classes, _csv, _force, _strict];
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
        var answers = new PictureAnswers(ClassesOf(parsed, library.Manifest));
        var replacements = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (batch, names) in BatchesOf(images, input, answers, parsed.GetValue(_strict)))
        {
            var (predicted, replaced) = await library.PredictAsync(batch, plan, answers.Classes, cancellationToken);
            answers.Told.AddRange(names.Zip(predicted));
            replacements.UnionWith(replaced);
        }

        foreach (string replacement in replacements)
            Notice.Warning(OneLine.Escaped(replacement));
        Print(parsed, answers, file);
        return answers.Unread.Count == 0 ? ExitCode.Success : ExitCode.BadInput;
    }

    /// <summary>How many classes to tell of an image; 0 for the best alone.</summary>
    /// <exception cref="BadInputException">The library does not have as many.</exception>
    private int ClassesOf(ParseResult parsed, LibraryManifest library)
    {
        if (parsed.GetValue(_classes) is not { } classes)
            return 0;
        int known = library.Classes.Distinct().Count();
        return classes >= 1 && classes <= known
            ? classes
            : throw new BadInputException(
                $"{_classes.Name} must be in [1, {known}], the number of classes of library '{library.Name}', "
                    + $"not {classes}."
            );
    }

    private OutputFile? OpenCsv(ParseResult parsed)
    {
        string? path = parsed.GetValue(_csv);
        if (path == StandardOutput && _common.Json(parsed))
            throw new BadInputException($"{_csv.Name} {StandardOutput} and --json both write to standard output.");
        return path is null or StandardOutput ? null : OutputFile.Open(path, parsed.GetValue(_force));
    }

    /// <summary>
    /// Batches within the limit of one request, read one at a time. An image that cannot be read is told, noted and
    /// left out.
    /// </summary>
    /// <exception cref="BadInputException">One cannot be read, and none may be left out.</exception>
    private static IEnumerable<(InputTensor Batch, List<string> Names)> BatchesOf(
        string[] images,
        TensorSignature input,
        PictureAnswers answers,
        bool isStrict
    )
    {
        int bytesPerImage = (int)input.BytesPerInput,
            size = input.Shape[^1];
        int mostTold = RouteRequest.MaxPredictions / Math.Max(1, answers.Classes);
        int most = Math.Max(1, Math.Min(RouteRequest.MaxInputBytes / bytesPerImage, mostTold));
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
                    Leave(image, problem);
            }

            int bytes = names.Count * bytesPerImage;
            int[] shape = [names.Count, .. input.Shape.Skip(1)];
            if (bytes > 0)
                yield return (new InputTensor(input.Name, input.DataType, shape, pixels[..bytes]), names);
        }

        void Leave(string image, string problem)
        {
            Notice.Problem(problem);
            answers.Unread.Add(new UnreadPicture(image, problem));
        }
    }

    private void Print(ParseResult parsed, PictureAnswers answers, OutputFile? file)
    {
        if (file is not null)
            WriteCsv(answers, file);
        if (_common.Json(parsed))
            JsonOutput.Write<object[]>([.. PredictionDocument.Of(answers), .. answers.Unread]);
        else if (file is not null)
            Console.Out.WriteLine($"{answers.Told.Count} answers written to {file.Path}");
        else if (parsed.GetValue(_csv) is not null)
            AnswersCsv.Write(Console.Out, answers);
        else if (answers.Told.Count > 0)
            Consoles.Create(json: false).Write(ModuleTables.Predictions(answers));
    }

    private static void WriteCsv(PictureAnswers answers, OutputFile file)
    {
        using (var writer = new StreamWriter(file.Content, leaveOpen: true))
            AnswersCsv.Write(writer, answers);
        file.Commit();
    }
}
