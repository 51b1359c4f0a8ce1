using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dmkd.Silo.Api;

/// <summary>
/// Gives every refusal a body, <c>{"error": "..."}</c>: without one, callers say only that the answer was empty.
/// </summary>
internal static class HttpErrors
{
    /// <summary>Comes first, around all that may refuse.</summary>
    public static WebApplication UseErrorBodies(this WebApplication app)
    {
        app.Use(AnswerAsync);
        return app;
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        string? problem = null;
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = e.StatusCode;
            problem = e.Message;
        }
        catch (InvalidDataException) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            problem = "The body is not what its Content-Encoding says.";
        }

        var response = context.Response;
        bool hasBody = response.HasStarted || response.ContentType is not null || response.ContentLength > 0;
        if (response.StatusCode >= StatusCodes.Status400BadRequest && !hasBody)
            await response.WriteAsJsonAsync(
                new Dictionary<string, string> { ["error"] = problem ?? MessageOf(response.StatusCode) },
                context.RequestAborted
            );
    }

    private static string MessageOf(int status) =>
        status switch
        {
            StatusCodes.Status401Unauthorized =>
                "Say who you are: Authorization: Bearer with a key, or a certificate of the cluster.",
            StatusCodes.Status403Forbidden => "Your role may not ask for this.",
            StatusCodes.Status404NotFound => "There is nothing at this path.",
            StatusCodes.Status405MethodNotAllowed => "This path does not take this method.",
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            StatusCodes.Status415UnsupportedMediaType => "The body is of a type that this path does not take.",
            StatusCodes.Status429TooManyRequests => "You ask too often; wait a moment.",
            _ => $"The request was refused with status {status}.",
        };
}
